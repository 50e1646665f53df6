package org.bitfusion.tls.user;

/// What became of a change of the administrators.
public sealed interface UserChange {
    record Done(User user) implements UserChange {}

    record NameTaken(String name) implements UserChange {}

    record NoSuchUser(String name) implements UserChange {}

    /// The change would leave nobody who may change anything.
    record LastAdministrator(String name) implements UserChange {}

    /// @param problem what is wrong with name or password
    record Unacceptable(String problem) implements UserChange {}
}
