package org.bitfusion.manager.web;

/// Who a route is for.
public enum Who {
    /// Anybody, without a certificate too.
    NOBODY,
    /// A client of the pool.
    CLIENT,
    /// Another appliance of the pool.
    APPLIANCE,
    /// Who may change the pool.
    ADMIN,
    /// Who may look at all of it.
    VIEWER
}
