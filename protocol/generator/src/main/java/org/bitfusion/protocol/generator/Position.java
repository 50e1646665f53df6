package org.bitfusion.protocol.generator;

/// A place in a file of the specification; lines count from 1.
record Position(String file, int line) {
    @Override
    public String toString() {
        return file + ":" + line;
    }
}
