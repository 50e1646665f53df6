package org.bitfusion.bench;

import java.util.Random;
import org.bitfusion.scheduler.request.Choice;
import org.bitfusion.scheduler.request.Filter;
import org.bitfusion.scheduler.request.Share;
import org.bitfusion.scheduler.request.Wish;

/// What clients of a large pool ask for. Of 100 requests 82 ask for a share of one GPU, 5 of them
/// with a filter; 10 for a share of two, four or eight GPUs; 8 for one or two whole ones.
final class Wishes {
    private static final Choice FILTERED = Choice.of(Filter.parse("device.name=*A100*"));

    private final Random random;

    Wishes(Random random) {
        this.random = random;
    }

    Wish next() {
        int kind = random.nextInt(100);
        if (kind < 8) {
            return new Wish(1 + kind % 2, new Share.Whole(), Choice.ANY);
        }
        Share share =
                random.nextBoolean()
                        ? Share.parseFraction("0." + (10 + random.nextInt(15)))
                        : new Share.Mebibytes(500 + random.nextInt(4_000));
        if (kind < 18) {
            return new Wish(2 << kind % 3, share, Choice.ANY);
        }
        return new Wish(1, share, kind < 23 ? FILTERED : Choice.ANY);
    }
}
