package org.bitfusion.bench;

import java.io.IOException;

/// One measured number, in the row's unit.
@FunctionalInterface
public interface Probe {
    double measure() throws IOException, InterruptedException;
}
