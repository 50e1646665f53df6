package org.bitfusion.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShareLedgerTest {
    private static final long LIMIT = 1000;

    @TempDir private Path folder;
    private Path file = Path.of("");
    private ShareLedger ledger;

    @BeforeEach
    void create() throws IOException {
        file = folder.resolve("a.ledger");
        ShareLedger.create(file, LIMIT, 2 * LIMIT);
        ledger = ShareLedger.open(file);
    }

    @AfterEach
    void close() {
        ledger.close();
    }

    @Test
    void onlyItsOwnerMayReadIt() throws IOException {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------");
        assertThat(folder).isDirectoryContaining(path -> path.equals(file));
        assertThat(folder.toFile().list()).hasSize(1);
    }

    @Test
    void theLastByteCanBeHadAndNotOneMore() throws IOException {
        ShareLedger.Account account = ledger.join();
        assertThat(account.reserve(0, LIMIT - 1)).isTrue();
        assertThat(account.reserve(0, 2)).isFalse();
        assertThat(account.reserve(0, 1)).isTrue();
        assertThat(account.reserve(0, 1)).isFalse();
        assertThat(account.reserve(0, 0)).isTrue();
        assertThat(account.reserve(0, -1)).isFalse();
        assertThat(ledger.available(0)).isZero();
        assertThat(ledger.available(1)).isEqualTo(2 * LIMIT);
        account.release(0, 10 * LIMIT);
        assertThat(ledger.available(0)).isEqualTo(LIMIT);
    }

    @Test
    void allAccountsTogetherHaveTheShareAndNothingMore() throws IOException {
        try (ShareLedger same = ShareLedger.open(file)) {
            ShareLedger.Account one = ledger.join();
            ShareLedger.Account other = same.join();
            assertThat(one.reserve(0, 600)).isTrue();
            assertThat(other.reserve(0, 401)).isFalse();
            assertThat(other.reserve(0, 400)).isTrue();
            one.release(0, 1);
            assertThat(same.available(0)).isEqualTo(1);
            assertThat(one.reserved(0)).isEqualTo(599);
            assertThat(ledger.reserved(0)).isEqualTo(999);
        }
    }

    @Test
    void whatIsPromisedIsNotReserved() throws IOException {
        ShareLedger.Account account = ledger.join();
        assertThat(account.reserve(0, 300)).isTrue();
        assertThat(ledger.promise(0, 701)).isFalse();
        assertThat(ledger.promise(0, 700)).isTrue();
        assertThat(account.reserve(0, 1)).isFalse();
        ledger.setPromised(0, 500);
        assertThat(account.reserve(0, 200)).isTrue();
    }

    @Test
    void whatAKilledProcessHadCanBeReservedAtOnce() throws IOException {
        ShareLedger.Account own = ledger.join();
        try (LedgerProcess other = LedgerProcess.start(file)) {
            assertThat(other.ask("reserve 900")).isTrue();
            assertThat(own.reserve(0, 101)).isFalse();
            other.kill();
            assertThat(own.reserve(0, LIMIT)).isTrue();
        }
    }

    @Test
    void whatAKilledProcessHadIsSeenToBeFree() throws IOException {
        try (LedgerProcess other = LedgerProcess.start(file)) {
            assertThat(other.ask("reserve 900")).isTrue();
            assertThat(ledger.available(0)).isEqualTo(100);
            other.kill();
            await().atMost(Duration.ofSeconds(1)).until(() -> ledger.available(0) == LIMIT);
        }
    }

    /// Wherever in a reservation it is killed, nothing stays behind and the lock is free.
    @Test
    void aProcessKilledWhileItReservesLeavesNothingBehind() throws IOException {
        ShareLedger.Account own = ledger.join();
        for (int round = 0; round < 10; round++) {
            try (LedgerProcess other = LedgerProcess.start(file)) {
                other.tell("toss " + Long.MAX_VALUE);
                // Until it is in the middle of it.
                await().until(() -> ledger.available(0) < LIMIT);
                other.kill();
                assertThat(own.reserve(0, LIMIT)).isTrue();
                own.release(0, LIMIT);
            }
        }
    }

    @Test
    void processesThatReserveAtTheSameTimeNeverHaveMoreThanTheShare() throws IOException {
        Path counter = Files.write(folder.resolve("counter"), new byte[Long.BYTES]);
        List<LedgerProcess> processes = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                processes.add(LedgerProcess.start(file));
            }
            for (LedgerProcess process : processes) {
                process.tell("count 20000");
            }
            long had = 0;
            for (LedgerProcess process : processes) {
                had += process.answer();
            }
            assertThat(had).isPositive();
            assertThat(ByteBuffer.wrap(Files.readAllBytes(counter)).getLong()).isEqualTo(had);
            assertThat(ledger.reserved(0)).isZero();
        } finally {
            processes.forEach(LedgerProcess::close);
        }
    }

    /// A process that is stopped in the middle keeps others from reserving at most for a while.
    @Test
    void aStoppedProcessHoldsNobodyUpForever() throws IOException, InterruptedException {
        ShareLedger.Account own = ledger.join();
        try (LedgerProcess other = LedgerProcess.start(file)) {
            other.tell("toss " + Long.MAX_VALUE);
            await().until(() -> ledger.available(0) < LIMIT);
            other.signal("STOP");
            long begin = System.nanoTime();
            boolean _ = own.reserve(0, 1);
            assertThat(Duration.ofNanos(System.nanoTime() - begin))
                    .isLessThan(Duration.ofSeconds(3));
            other.kill();
            assertThat(own.reserve(0, LIMIT - 1)).isEqualTo(true);
            assertThat(ledger.reserved(0)).isGreaterThanOrEqualTo(LIMIT - 1);
        }
    }

    @Test
    void whoMayEndSaysSoAndIsWaitedForOnlySoLong() throws IOException {
        ShareLedger.Account own = ledger.join();
        try (LedgerProcess other = LedgerProcess.start(file)) {
            Duration patience = Duration.ofSeconds(60);
            other.ask("mayend 1");
            assertThat(own.othersMayEnd(0, patience)).as("it holds nothing").isFalse();
            other.ask("reserve 10");
            assertThat(own.othersMayEnd(0, patience)).isTrue();
            assertThat(own.othersMayEnd(1, patience)).as("nothing of that GPU").isFalse();
            assertThat(own.othersMayEnd(0, Duration.ofNanos(1))).isFalse();
            assertThat(own.othersHold(0)).isTrue();
            other.ask("mayend 0");
            assertThat(own.othersMayEnd(0, patience)).isFalse();
            own.mayEnd(true);
            assertThat(own.othersMayEnd(0, patience)).as("oneself does not count").isFalse();
        }
    }

    @Test
    void slotsOfTheDeadAreUsedAgain() throws IOException {
        for (int i = 0; i < 3; i++) {
            try (ShareLedger user = ShareLedger.open(file)) {
                assertThat(user.join().reserve(0, LIMIT)).isTrue();
            }
        }
        ShareLedger.Account own = ledger.join();
        assertThat(own.reserved(0)).isZero();
        assertThat(own.reserve(0, LIMIT)).isTrue();
    }

    @Test
    void anAccountMoreThanThereAreSlotsIsRefused() throws IOException {
        for (int i = 0; i < LedgerFile.MOST_SLOTS; i++) {
            ledger.join();
        }
        assertThatThrownBy(ledger::join).hasMessageContaining("users already");
    }

    @Test
    void whatIsNoLedgerIsRefused() throws IOException {
        Path other = Files.write(folder.resolve("other"), new byte[100]);
        assertThatThrownBy(() -> ShareLedger.open(other)).isInstanceOf(IOException.class);
        byte[] bytes = Files.readAllBytes(file);
        for (int length : new int[] {0, 7, 20, 33, bytes.length - 1}) {
            Files.write(other, java.util.Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> ShareLedger.open(other)).isInstanceOf(IOException.class);
        }
    }
}
