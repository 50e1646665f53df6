package org.bitfusion.dispatcher;

/// A program that uses GPUs, as it told of itself.
///
/// @param process its number on its own host
/// @param name the path of what it executes
record ClientProgram(int process, String name) {
    static final ClientProgram UNKNOWN = new ClientProgram(0, "");
}
