package org.bitfusion.tls.revocation;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.bitfusion.tls.Hostile;
import org.bitfusion.tls.PeerIdentity;
import org.bitfusion.tls.PeerRole;
import org.bitfusion.tls.PoolId;
import org.bitfusion.tls.store.MemoryRecordStore;
import org.bitfusion.tls.store.RecordPath;
import org.bitfusion.tls.store.RecordStore;
import org.junit.jupiter.api.Test;

class RevocationListTest {
    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
    private static final UUID ID = UUID.fromString("83a890bb-422d-419f-a5d8-61db0d149cf1");
    private static final Revoked CLIENT = new Revoked.OfPeer(PeerRole.CLIENT, ID);
    private static final Revoked SERIAL = new Revoked.OfCertificate(BigInteger.valueOf(7));

    private final RecordStore store = new MemoryRecordStore();
    private final RevocationList list = new RevocationList(store);

    @Test
    void aClientIsRevokedWithEveryCertificate() {
        list.revoke(entry(CLIENT));
        assertThat(list.snapshot().find(peer(PeerRole.CLIENT, ID, 1))).isPresent();
        assertThat(list.snapshot().find(peer(PeerRole.CLIENT, ID, 2))).isPresent();
        assertThat(list.snapshot().find(peer(PeerRole.CLIENT, UUID.randomUUID(), 1))).isEmpty();
        assertThat(list.snapshot().find(peer(PeerRole.APPLIANCE, ID, 1))).isEmpty();
    }

    @Test
    void aCertificateIsRevokedAlone() {
        list.revoke(entry(SERIAL));
        assertThat(list.snapshot().find(peer(PeerRole.CLIENT, ID, 7))).isPresent();
        assertThat(list.snapshot().find(peer(PeerRole.CLIENT, ID, 8))).isEmpty();
    }

    @Test
    void listenersOfEveryApplianceHearOfAnEntryOnce() {
        RevocationList other = new RevocationList(store);
        List<Revocation> heard = new ArrayList<>();
        other.listen(heard::add);
        list.revoke(entry(CLIENT));
        other.refresh();
        other.refresh();
        assertThat(heard).containsExactly(entry(CLIENT));
        assertThat(heard.getFirst().what().concerns(peer(PeerRole.CLIENT, ID, 1))).isTrue();
    }

    @Test
    void aListenerThatFailsDoesNotKeepOthersFromHearing() {
        List<Revocation> heard = new ArrayList<>();
        list.listen(_ -> {
            throw new IllegalStateException("broken");
        });
        list.listen(heard::add);
        list.revoke(entry(CLIENT));
        assertThat(heard).hasSize(1);
    }

    @Test
    void aListenerThatLeftHearsNothing() {
        List<Revocation> heard = new ArrayList<>();
        list.listen(heard::add).close();
        list.revoke(entry(CLIENT));
        assertThat(heard).isEmpty();
    }

    @Test
    void aReinstatedClientIsLetInAgain() {
        list.revoke(entry(CLIENT));
        assertThat(list.reinstate(CLIENT)).isTrue();
        assertThat(list.snapshot().find(peer(PeerRole.CLIENT, ID, 1))).isEmpty();
        assertThat(list.reinstate(CLIENT)).isFalse();
    }

    @Test
    void revokingTwiceKeepsTheFirstReason() {
        list.revoke(entry(CLIENT));
        Revocation second =
                list.revoke(
                        new Revocation(
                                CLIENT, "other", "other", NOW, NOW.plus(Duration.ofDays(1))));
        assertThat(second).isEqualTo(entry(CLIENT));
    }

    @Test
    void entriesGoWhenTheirCertificatesHaveEnded() {
        list.revoke(entry(CLIENT));
        list.prune(NOW.plus(Duration.ofDays(365)));
        assertThat(list.snapshot().entries()).hasSize(1);
        list.prune(NOW.plus(Duration.ofDays(365)).plusSeconds(1));
        assertThat(list.snapshot().entries()).isEmpty();
    }

    @Test
    void aDamagedEntryStillRevokes() {
        store.create(
                new RecordPath(RevocationList.FOLDER, CLIENT.key()),
                "nonsense".getBytes(StandardCharsets.UTF_8));
        store.create(new RecordPath(RevocationList.FOLDER, "stranger"), new byte[0]);
        list.refresh();
        assertThat(list.snapshot().find(peer(PeerRole.CLIENT, ID, 1))).isPresent();
        list.prune(NOW.plus(Duration.ofDays(10_000)));
        assertThat(list.snapshot().find(peer(PeerRole.CLIENT, ID, 1))).isPresent();
    }

    @Test
    void keysAreReadBack() {
        assertThat(Revoked.parse(CLIENT.key())).contains(CLIENT);
        assertThat(Revoked.parse(SERIAL.key())).contains(SERIAL);
        assertThat(Revoked.parse("client-x")).isEmpty();
        assertThat(Revoked.parse("serial-0")).isEmpty();
        Hostile.randomBytes(
                CLIENT.key().getBytes(StandardCharsets.US_ASCII),
                2_000,
                bytes -> Revoked.parse(new String(bytes, StandardCharsets.ISO_8859_1)));
    }

    private static Revocation entry(Revoked what) {
        return new Revocation(what, "admin", "lost", NOW, NOW.plus(Duration.ofDays(365)));
    }

    private static PeerIdentity peer(PeerRole role, UUID id, long serial) {
        return new PeerIdentity(
                new PoolId("0123456789abcdef"),
                role,
                id,
                "name",
                BigInteger.valueOf(serial),
                NOW,
                NOW.plus(Duration.ofDays(365)));
    }
}
