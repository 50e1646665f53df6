package org.bitfusion.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PeerNetworksTest {
    private static boolean allows(PeerNetworks networks, String address, int port) {
        return networks.allow(new InetSocketAddress(InetAddress.ofLiteral(address), port));
    }

    @Test
    void unlessSomethingIsSetItIsLoopbackAndTheOwnPorts() {
        PeerNetworks networks = new PeerNetworks(Map.of(), 45201, 45299);
        assertThat(allows(networks, "127.0.0.2", 45201)).isTrue();
        assertThat(allows(networks, "::1", 45299)).isTrue();
        assertThat(allows(networks, "127.0.0.1", 45200)).isFalse();
        assertThat(allows(networks, "127.0.0.1", 45300)).isFalse();
        assertThat(allows(networks, "10.0.0.1", 45201)).isFalse();
        assertThat(allows(networks, "::2", 45201)).isFalse();
    }

    @Test
    void anyPortIsAnyButThoseOfTheSystem() {
        PeerNetworks networks = new PeerNetworks(Map.of(), 0, 0);
        assertThat(allows(networks, "127.0.0.1", 1023)).isFalse();
        assertThat(allows(networks, "127.0.0.1", 65535)).isTrue();
    }

    @Test
    void networksAndPortsAreThoseThatAreNamed() {
        PeerNetworks networks =
                new PeerNetworks(
                        Map.of(
                                "BF_PEER_NETWORKS", "10.1.128.0/17, fd00::/8,192.0.2.7",
                                "BF_PEER_PORTS", "5000-5010"),
                        45201,
                        45299);
        assertThat(allows(networks, "10.1.200.3", 5000)).isTrue();
        assertThat(allows(networks, "10.1.127.3", 5000)).isFalse();
        assertThat(allows(networks, "fd12::9", 5010)).isTrue();
        assertThat(allows(networks, "fe80::9", 5010)).isFalse();
        assertThat(allows(networks, "192.0.2.7", 5001)).isTrue();
        assertThat(allows(networks, "192.0.2.8", 5001)).isFalse();
        assertThat(allows(networks, "10.1.200.3", 45201)).isFalse();
        assertThat(allows(networks, "127.0.0.1", 5000)).isFalse();
    }

    @Test
    void nobodyIsAMulticastGroupOrEveryAddress() {
        PeerNetworks networks =
                new PeerNetworks(Map.of("BF_PEER_NETWORKS", "0.0.0.0/0,::/0"), 0, 0);
        assertThat(allows(networks, "8.8.8.8", 5000)).isTrue();
        assertThat(allows(networks, "224.0.0.1", 5000)).isFalse();
        assertThat(allows(networks, "0.0.0.0", 5000)).isFalse();
        assertThat(allows(networks, "ff02::1", 5000)).isFalse();
    }

    @Test
    void whatCannotBeReadAllowsNothing() {
        for (Map<String, String> wrong :
                java.util.List.of(
                        Map.of("BF_PEER_NETWORKS", "127.0.0.0/8,example.com"),
                        Map.of("BF_PEER_NETWORKS", "127.0.0.0/33"),
                        Map.of("BF_PEER_NETWORKS", "127.0.0.0/x"),
                        Map.of("BF_PEER_PORTS", "5000"),
                        Map.of("BF_PEER_PORTS", "a-b"),
                        Map.of("BF_PEER_NETWORKS", ""))) {
            assertThat(allows(new PeerNetworks(wrong, 0, 0), "127.0.0.1", 5000))
                    .as(wrong.toString())
                    .isFalse();
        }
    }
}
