/// The port for HTTPS, who is at its other end, what is let in and how failures are told; never
/// knows what a route does.
@NullMarked
package org.bitfusion.manager.web;

import org.jspecify.annotations.NullMarked;
