package org.bitfusion.cluster.pool;

import java.util.List;

/// Where an appliance's services listen, and which build it is. Ports are 0 and the build is empty
/// for one that has not said so.
///
/// @param controlPort of its manager, over HTTPS
/// @param dispatcherPort where clients ask for sessions
/// @param networks where its data ports are; none: at its addresses
public record Contact(
        int controlPort, int dispatcherPort, String build, List<DataNetwork> networks) {
    public static final Contact UNKNOWN = new Contact(0, 0, "");

    public Contact {
        networks = List.copyOf(networks);
    }

    public Contact(int controlPort, int dispatcherPort, String build) {
        this(controlPort, dispatcherPort, build, List.of());
    }
}
