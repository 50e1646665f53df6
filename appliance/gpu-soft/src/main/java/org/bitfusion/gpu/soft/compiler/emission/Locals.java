package org.bitfusion.gpu.soft.compiler.emission;

import java.util.Arrays;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;

/// Which local variable of a region's method holds which register.
final class Locals {
    private final Kernel kernel;
    private final int[] slots;
    private int next;

    Locals(Kernel kernel, int first) {
        this.kernel = kernel;
        this.slots = new int[kernel.use().count()];
        Arrays.fill(slots, -1);
        this.next = first;
    }

    int of(int register) {
        if (slots[register] < 0) {
            slots[register] = allocate(kernel.kinds().get(register));
        }
        return slots[register];
    }

    int allocate(ValueKind kind) {
        int slot = next;
        next += kind.words();
        return slot;
    }
}
