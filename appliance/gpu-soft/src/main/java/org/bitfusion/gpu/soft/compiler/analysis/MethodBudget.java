package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.bitfusion.ptx.Instruction;
import org.jspecify.annotations.Nullable;

/// Keeps regions small enough for the JIT compiler by forcing cuts.
///
/// HotSpot does not compile a method of more than 8,000 bytes of bytecode (HugeMethodLimit), and C2
/// stops inlining memory accesses in a method that has grown past its node limits (measured: beyond
/// about 500 bounds-checked accesses an access costs fifty times as much).
public final class MethodBudget {
    /// Bytes of bytecode that a region may be estimated to take.
    public static final int BYTES = 6_000;

    /// Memory accesses that a region may hold.
    static final int ACCESSES = 400;

    /// How much longer than the kernel all its regions together may be, before shared tails become
    /// regions.
    private static final int DUPLICATION = 4;

    private static final int DUPLICATION_FREE_BYTES = 20_000;

    private final ControlFlow flow;
    private final int bytes;

    /// @param bytes the limit for one region, at most [#BYTES]
    public MethodBudget(ControlFlow flow, int bytes) {
        this.flow = flow;
        this.bytes = bytes;
    }

    /// Places forced cuts until every region fits, and answers the regions.
    public List<Region> regions() {
        splitLongBlocks();
        while (true) {
            List<Region> regions = Region.allOf(flow);
            if (!forceSome(regions) && !shareOne(regions)) {
                return regions;
            }
        }
    }

    private void splitLongBlocks() {
        for (int number = 0; number < flow.blocks().size(); number++) {
            Block block = flow.blocks().get(number);
            int used = 0;
            int accesses = 0;
            for (int index = block.start(); index < block.end(); index++) {
                Instruction instruction = flow.code().get(index);
                used += bytesOf(instruction);
                accesses += accessesOf(instruction);
                if (index > block.start() && (used > bytes / 2 || accesses > ACCESSES / 2)) {
                    flow.forceInside(block, index);
                    break;
                }
            }
        }
    }

    /// Cuts each region that is too long before one of its blocks; true when there was one.
    private boolean forceSome(List<Region> regions) {
        Set<Block> victims = new LinkedHashSet<>();
        for (Region region : regions) {
            Block victim = overflowing(region);
            if (victim != null) {
                victims.add(victim);
            }
        }
        victims.forEach(flow::forceBefore);
        return !victims.isEmpty();
    }

    /// The block at which to cut: among those that still fit the least deep in loops, the last of
    /// them.
    private @Nullable Block overflowing(Region region) {
        int used = 0;
        int accesses = 0;
        Block best = null;
        for (Block block : region.blocks()) {
            boolean fits = used <= bytes && accesses <= ACCESSES;
            if (fits && block != region.start() && used > bytes / 4) {
                if (best == null || block.loopDepth() <= best.loopDepth()) {
                    best = block;
                }
            }
            for (int index = block.start(); index < block.end(); index++) {
                used += bytesOf(flow.code().get(index));
                accesses += accessesOf(flow.code().get(index));
            }
            used += 8;
            if (used > bytes || accesses > ACCESSES) {
                return best != null ? best : block == region.start() ? null : block;
            }
        }
        return null;
    }

    private boolean shareOne(List<Region> regions) {
        long total = 0;
        int[] members = new int[flow.blocks().size()];
        for (Region region : regions) {
            for (Block block : region.blocks()) {
                total += bytesOf(block);
                members[block.number()]++;
            }
        }
        long once = flow.blocks().stream().mapToLong(this::bytesOf).sum();
        if (total <= DUPLICATION * once + DUPLICATION_FREE_BYTES) {
            return false;
        }
        Block victim = null;
        for (Block block : flow.blocks()) {
            if (members[block.number()] > 2 && !isEntry(block) && better(block, victim, members)) {
                victim = block;
            }
        }
        if (victim == null) {
            return false;
        }
        flow.forceBefore(victim);
        return true;
    }

    private boolean isEntry(Block block) {
        return flow.cuts().stream()
                .anyMatch(cut -> cut.kind() == Cut.Kind.FORCED && cut.target() == block);
    }

    private static boolean better(Block block, @Nullable Block known, int[] members) {
        if (known == null) {
            return true;
        }
        if (block.loopDepth() != known.loopDepth()) {
            return block.loopDepth() < known.loopDepth();
        }
        return members[block.number()] > members[known.number()];
    }

    private long bytesOf(Block block) {
        long sum = 8;
        for (int index = block.start(); index < block.end(); index++) {
            sum += bytesOf(flow.code().get(index));
        }
        return sum;
    }

    /// A guess on the high side.
    private static int bytesOf(Instruction instruction) {
        int guard = instruction.guard() == null ? 0 : 5;
        return guard
                + switch (instruction.opcode()) {
                    case LD, LDU, ST, ATOM, RED -> 30 + 12 * instruction.operation().vectorWidth();
                    case SETP, SET, MIN, MAX, SELP, SLCT -> 20;
                    case SHF, SHL, SHR, MAD, FMA -> 16;
                    case CALL -> 60;
                    default -> 13;
                };
    }

    private static int accessesOf(Instruction instruction) {
        return switch (instruction.opcode()) {
            case LD, LDU, ST, ATOM, RED -> instruction.operation().vectorWidth();
            default -> 0;
        };
    }
}
