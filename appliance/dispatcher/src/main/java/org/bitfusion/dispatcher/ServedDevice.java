package org.bitfusion.dispatcher;

import java.util.UUID;

/// A GPU that this dispatcher serves.
///
/// @param driverIndex its number in the driver of this machine
/// @param servedBytes of its memory, under the appliance's limit
record ServedDevice(
        int driverIndex, UUID uuid, String name, long servedBytes, int major, int minor) {}
