package org.bitfusion.cluster.pool;

/// Where an appliance's services listen, and which build it is. Ports are 0 and the build is empty
/// for one that has not said so.
///
/// @param controlPort of its manager, over HTTPS
/// @param dispatcherPort where clients ask for sessions
public record Contact(int controlPort, int dispatcherPort, String build) {
    public static final Contact UNKNOWN = new Contact(0, 0, "");
}
