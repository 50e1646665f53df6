package org.bitfusion.gpu.soft.interpreter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Warp functions whose masks leave out the caller, or are another one in each lane: what GPUs
/// since Volta answer, which is more than the PTX ISA promises. Never a hang.
@Timeout(60)
class WarpMasksTest {
    private static final int ODD = 0xAAAA_AAAA;

    /// Lane i's result with `%r4` the lanes below, `%r5` the lane's own value and `%p1` true in odd
    /// lanes; `%r6` is what is asked for.
    private static int[] run(String code) {
        String before =
                """
                mul.wide.u32 %rd3, %r0, 4; add.u64 %rd4, %rd0, %rd3;
                mov.u32 %r4, %lanemask_lt; mul.lo.u32 %r5, %r0, 3; and.b32 %r7, %r0, 1;
                setp.ne.u32 %p1, %r7, 0; mov.u32 %r6, 0;
                """;
        TestGpu gpu = new TestGpu(KernelText.kernel(before + code + "st.global.u32 [%rd4], %r6;"));
        long result = gpu.ints(new int[32]);
        gpu.launch("k", 1, 32, result);
        return gpu.readInts(result, 32);
    }

    private static int[] lanes(IntUnaryOperator value) {
        return IntStream.range(0, 32).map(value).toArray();
    }

    private static int below(int lane) {
        return (1 << lane) - 1;
    }

    @Test
    void aBallotCountsTheLanesOfTheOwnMask() {
        assertThat(run("vote.sync.ballot.b32 %r6, %p1, %r4;"))
                .isEqualTo(lanes(i -> ODD & below(i)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"any", "all", "uni"})
    void votesCountTheLanesOfTheOwnMask(String vote) {
        int[] expected =
                lanes(i -> {
                    int yes = ODD & below(i);
                    boolean result =
                            switch (vote) {
                                case "any" -> yes != 0;
                                case "all" -> yes == below(i);
                                default -> yes == 0 || yes == below(i);
                            };
                    return result ? 1 : 0;
                });
        assertThat(run("vote.sync." + vote + ".pred %p2, %p1, %r4; selp.u32 %r6, 1, 0, %p2;"))
                .isEqualTo(expected);
    }

    @Test
    void aMatchFindsTheLanesOfTheOwnMask() {
        assertThat(run("match.any.sync.b32 %r6, %r7, %r4;"))
                .isEqualTo(lanes(i -> (i % 2 == 1 ? ODD : ~ODD) & below(i)));
    }

    @Test
    void aShuffleReadsFromALaneThatIsHere() {
        assertThat(run("shfl.sync.down.b32 %r6, %r5, 1, 31, %r4;"))
                .isEqualTo(lanes(i -> 3 * Math.min(31, i + 1)));
    }

    @Test
    void aReductionTakesTheLanesOfTheOwnMask() {
        assertThat(run("redux.sync.add.s32 %r6, %r5, %r4;"))
                .isEqualTo(lanes(i -> 3 * i * (i - 1) / 2));
    }

    @Test
    void lanesWaitForThoseTheyName() {
        assertThat(run("bar.warp.sync %r4; mov.u32 %r6, 9;")).containsOnly(9);
    }

    @Test
    void onlySomeLanesCome() {
        String code = "@!%p1 bra done; vote.sync.ballot.b32 %r6, %p1, %r4; done:";
        assertThat(run(code)).isEqualTo(lanes(i -> i % 2 == 1 ? ODD & below(i) : 0));
    }

    @Test
    void aMaskThatNamesWhoNeverComesDoesNotHang() {
        String code =
                """
                @!%p1 bra other; vote.sync.ballot.b32 %r6, %p1, -1; bra done;
                other: bar.warp.sync -1; vote.sync.any.pred %p2, %p1, -1; selp.u32 %r6, 1, 2, %p2;
                done:
                """;
        int[] result = run(code);
        assertThat(result[0]).isEqualTo(2);
        assertThat(result[1]).isEqualTo(ODD);
    }
}
