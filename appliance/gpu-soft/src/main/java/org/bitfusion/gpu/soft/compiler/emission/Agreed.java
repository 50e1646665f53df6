package org.bitfusion.gpu.soft.compiler.emission;

import java.lang.classfile.CodeBuilder;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.bitfusion.gpu.soft.compiler.analysis.Convergence;
import org.bitfusion.gpu.soft.compiler.analysis.Cut;
import org.bitfusion.gpu.soft.compiler.analysis.Kernel;
import org.bitfusion.gpu.soft.compiler.analysis.Region;
import org.bitfusion.gpu.soft.compiler.analysis.ValueKind;

/// The registers that hold the same value in all threads where a region begins or ends: they come
/// from and go to the frame once per call of the region, as thread 0's, not once per thread.
final class Agreed {
    private final Code code;
    private final Kernel kernel;
    private final Convergence convergence;
    private final BitSet written;

    /// Live at the region's start, and needed in it or where it ends.
    private final BitSet entering = new BitSet();

    /// Written here and live at one of the cuts.
    private final BitSet leaving = new BitSet();

    /// Locals with the values at the start, of registers that the region changes.
    private final Map<Integer, Integer> starts = new HashMap<>();

    /// @param exits the cuts at which threads may leave the region
    Agreed(
            Code code,
            Convergence convergence,
            Region region,
            Collection<Cut> exits,
            BitSet read,
            BitSet written) {
        this.code = code;
        this.kernel = code.kernel();
        this.convergence = convergence;
        this.written = written;
        exits.forEach(cut -> leaving.or(leaving(cut)));
        if (region.cut() != null) {
            entering.or(read);
            entering.or(written);
            exits.forEach(cut ->
                    liveAt(cut)
                            .filter(number -> !convergence.agrees(cut.target(), number))
                            .forEach(entering::set));
            entering.and(kernel.liveness().liveIn(region.start()));
            entering.stream()
                    .filter(number -> !convergence.agrees(region.start(), number))
                    .forEach(entering::clear);
        }
    }

    private IntStream liveAt(Cut cut) {
        return kernel.liveness().liveIn(cut.target()).stream();
    }

    /// What is stored once where threads leave at `cut`.
    private BitSet leaving(Cut cut) {
        BitSet set = new BitSet();
        liveAt(cut)
                .filter(number -> written.get(number) && convergence.agrees(cut.target(), number))
                .forEach(set::set);
        return set;
    }

    /// True when a thread finds the register's value without a load of its own.
    boolean isEntering(int register) {
        return entering.get(register);
    }

    /// The given registers, and those that every thread has to keep for itself from now on if they
    /// differ where it goes.
    BitSet andEntering(BitSet registers) {
        BitSet all = (BitSet) registers.clone();
        all.or(entering);
        return all;
    }

    /// Writes what each thread starts with.
    void emitStart() {
        entering.stream()
                .filter(written::get)
                .forEach(register -> {
                    ValueKind kind = kernel.kinds().get(register);
                    code.load(
                            kind,
                            starts.computeIfAbsent(register, _ -> code.locals().allocate(kind)));
                    code.save(kind, code.locals().of(register));
                });
    }

    /// Writes the stores after the last thread, all of which have left at `cut`.
    void emitKeep(Cut cut) {
        leaving(cut).stream()
                .forEach(register -> {
                    ValueKind kind = kernel.kinds().get(register);
                    code.builder().aload(code.hoisted().kept(register)).iconst_0();
                    code.load(kind, code.locals().of(register));
                    code.builder().arrayStore(Code.typeKind(kind));
                });
    }

    /// Writes what comes before the first thread.
    void emitPrologue() {
        BitSet all = (BitSet) entering.clone();
        all.or(leaving);
        all.stream().forEach(this::emitFirst);
    }

    private void emitFirst(int register) {
        CodeBuilder builder = code.builder();
        ValueKind kind = kernel.kinds().get(register);
        if (entering.get(register)) {
            builder.aload(code.hoisted().kept(register)).iconst_0();
            builder.arrayLoad(Code.typeKind(kind));
        } else {
            Code.pushZero(builder, kind);
        }
        Integer start = starts.get(register);
        if (start != null) {
            code.save(kind, start);
            code.load(kind, start);
        }
        code.save(kind, code.locals().of(register));
    }
}
