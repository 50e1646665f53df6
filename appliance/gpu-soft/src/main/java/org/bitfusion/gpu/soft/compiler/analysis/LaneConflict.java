package org.bitfusion.gpu.soft.compiler.analysis;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bitfusion.gpu.soft.compiler.analysis.Variations.Variation;
import org.jspecify.annotations.Nullable;

/// Whether different lanes of a warp may address one place with two accesses.
///
/// Of two stores only those conflict that certainly do: programs leave the order of stores to
/// chance far more often than they count on it.
final class LaneConflict {
    private static final int LANES = 32;

    private final LaneTerms lanes;
    private final boolean rows;

    LaneConflict(LaneTerms lanes, boolean rows) {
        this.lanes = lanes;
        this.rows = rows;
    }

    /// @param before an access that came first
    /// @param access the later one, in `block`
    boolean between(
            SharedAccess before, SharedAccess access, Block block, List<Guards.Fact> facts) {
        boolean ordered =
                (!before.writes() && !access.writes())
                        || (before.isAtomic() && access.isAtomic())
                        || isAlone(before, access, facts);
        boolean apart =
                before.variable() >= 0
                        && access.variable() >= 0
                        && before.variable() != access.variable();
        if (ordered || apart) {
            return false;
        }
        AddressForm one = before.form();
        AddressForm other = ownCell(access.form(), one, facts);
        boolean stores = !before.reads() && !access.reads();
        if (one == null || other == null) {
            return !stores;
        }
        AddressForm distance = other.minus(one);
        Pattern pattern = pattern(other, distance, block);
        if (stores && !pattern.isExact()) {
            return false;
        }
        return !isOwnCell(pattern, distance)
                && !isWholeBlocks(pattern, distance)
                && !isBehind(before, access, distance, pattern, facts)
                && pattern.mayMeet(distance.constant(), before.bytes(), access.bytes());
    }

    /// True when one lane makes both accesses, or each of those that make them has its own cells.
    private boolean isAlone(SharedAccess before, SharedAccess access, List<Guards.Fact> facts) {
        if (before.alone() < 0 || before.alone() != access.alone()) {
            return false;
        }
        for (Guards.Fact fact : facts) {
            if (fact.since().number() == access.alone()) {
                LaneTerms.Pair pair =
                        fact.equal() ? null : lanes.pair(fact.difference(), fact.since());
                AddressForm rest = pair == null ? null : pair.rest(before.form());
                return fact.equal()
                        || (pair != null && rest != null && rest.equals(pair.rest(access.form())));
            }
        }
        return false;
    }

    /// The later access as the cell of the lane's own number, where a branch has let through only
    /// lanes for which that is the same: `cell[0]` under `if (t == 0)`.
    private static @Nullable AddressForm ownCell(
            @Nullable AddressForm form, @Nullable AddressForm before, List<Guards.Fact> facts) {
        if (form == null || before == null) {
            return form;
        }
        AddressForm own = form;
        for (Guards.Fact fact : facts) {
            long factor = fact.difference().factor(Term.THREAD_X);
            if (fact.equal() && Math.abs(factor) == 1) {
                long missing = before.factor(Term.THREAD_X) - own.factor(Term.THREAD_X);
                own = own.plus(fact.difference(), missing * factor);
            }
        }
        return own;
    }

    /// How the addresses of different lanes lie.
    ///
    /// @param lane the term that numbers lanes; null when the address does not depend on it
    /// @param stride between neighbouring lanes
    /// @param grid all else that may differ is a multiple of it; 0: nothing differs
    /// @param row true when the address depends on the thread's row
    /// @param mixed true when it depends on what nobody knows
    /// @param same true when different lanes may have the same number
    private record Pattern(
            @Nullable Term lane, long stride, long grid, boolean row, boolean mixed, boolean same) {

        /// True when everything about two addresses is known.
        boolean isExact() {
            return lane != null && grid == 0 && !row && !mixed && !same;
        }

        /// True when some lane's later access overlaps another's earlier one.
        boolean mayMeet(long distance, int bytesBefore, int bytes) {
            if (lane == null) {
                return overlaps(distance, bytesBefore, bytes);
            }
            for (int apart = 1 - LANES; apart < LANES; apart++) {
                if ((apart != 0 || same)
                        && overlaps(stride * apart + distance, bytesBefore, bytes)) {
                    return true;
                }
            }
            return false;
        }

        private boolean overlaps(long distance, int bytesBefore, int bytes) {
            if (grid == 0) {
                return distance > -bytes && distance < bytesBefore;
            }
            long rest = Math.floorMod(distance, grid);
            return rest < bytesBefore || rest > grid - bytes;
        }
    }

    private Pattern pattern(AddressForm address, AddressForm distance, Block block) {
        Term lane = null;
        long grid = 0;
        boolean row = false;
        boolean mixed = false;
        for (Map.Entry<Term, Long> entry : address.terms().entrySet()) {
            Variation variation = lanes.variation(entry.getKey(), block);
            if (variation == Variation.LANE && lane == null) {
                lane = entry.getKey();
            } else if (variation != Variation.UNIFORM) {
                grid = AddressForm.greatestDivisor(grid, entry.getValue());
                row |= variation == Variation.ROW;
                mixed |= variation != Variation.ROW;
            }
        }
        boolean numbered = lanes.isThreadNumber(address, lane);
        if (numbered) {
            row = false;
            grid = 0;
        }
        for (long factor : distance.terms().values()) {
            grid = AddressForm.greatestDivisor(grid, factor);
            mixed = true;
        }
        long stride = lane == null ? 0 : address.factor(lane);
        boolean same = rows && !numbered && Objects.equals(lane, Term.THREAD_X);
        return new Pattern(lane, stride, grid, row, mixed, same);
    }

    /// True for `cell[row][column]` of the thread's own row and column.
    private static boolean isOwnCell(Pattern pattern, AddressForm distance) {
        return pattern.lane() != null
                && pattern.row()
                && !pattern.mixed()
                && distance.isConstant()
                && distance.constant() == 0;
    }

    /// True for places that are some number of blocks of threads apart.
    private static boolean isWholeBlocks(Pattern pattern, AddressForm distance) {
        boolean blocks =
                distance.constant() == 0
                        && !distance.isConstant()
                        && distance.terms().entrySet().stream()
                                .allMatch(entry ->
                                        isBlockSize(entry.getKey())
                                                && pattern.stride() != 0
                                                && entry.getValue() % pattern.stride() == 0);
        return Objects.equals(pattern.lane(), Term.THREAD_X)
                && !pattern.row()
                && !pattern.same()
                && blocks;
    }

    private static boolean isBlockSize(Term term) {
        return term.equals(Term.BLOCK_X) || term.equals(Term.ANY_BLOCKS);
    }

    /// True for what reductions do under `if (t < n)`: read `cell[t + n]`, write `cell[t]`. Who
    /// writes is below n, what was read is not.
    private boolean isBehind(
            SharedAccess before,
            SharedAccess access,
            AddressForm distance,
            Pattern pattern,
            List<Guards.Fact> facts) {
        Term lane = pattern.lane();
        if (lane == null || before.writes() || pattern.stride() <= 0) {
            return false;
        }
        for (Guards.Fact fact : facts) {
            AddressForm thread = lanes.threadPart(fact.difference());
            AddressForm limit = thread.minus(fact.difference());
            AddressForm beyond = distance.plus(limit, pattern.stride());
            if (!fact.equal()
                    && thread.factor(lane) == 1
                    && addressesBy(access, thread, pattern.stride())
                    && beyond.isConstant()
                    && pattern.stride() - beyond.constant() >= access.bytes()) {
                return true;
            }
        }
        return false;
    }

    private static boolean addressesBy(SharedAccess access, AddressForm thread, long stride) {
        AddressForm form = access.form();
        return form != null
                && thread.terms().keySet().stream().allMatch(term -> form.factor(term) == stride);
    }
}
