package org.bitfusion.dispatcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Test;

class StrangersTest {
    @Test
    void theOneThatIsSilentForLongestGoesFirst() {
        Strangers<String> strangers = new Strangers<>(2);
        assertThat(strangers.add("a")).isEmpty();
        assertThat(strangers.add("b")).isEmpty();
        assertThat(strangers.add("c")).contains("a");
        assertThat(strangers.add("d")).contains("b");
    }

    @Test
    void whoHasProvedItselfOrLeftIsNoStranger() {
        Strangers<String> strangers = new Strangers<>(2);
        assertThat(strangers.add("a")).isEmpty();
        assertThat(strangers.add("b")).isEmpty();
        strangers.remove("a");
        assertThat(strangers.add("c")).isEmpty();
        assertThat(strangers.add("d")).contains("b");
    }

    /// However fast others come, who comes from elsewhere has time to prove itself.
    @Test
    void oneOfThePlaceThatMostComeFromGoes() {
        Strangers<String> strangers = new Strangers<>(3, name -> name.charAt(0));
        assertThat(strangers.add("client")).isEmpty();
        assertThat(strangers.add("a1")).isEmpty();
        assertThat(strangers.add("a2")).isEmpty();
        assertThat(strangers.add("a3")).contains("a1");
        assertThat(strangers.add("b1")).contains("a2");
        assertThat(strangers.add("a4")).contains("a3");
    }

    @Test
    void aNetworkOfIpv6IsOnePlace() {
        assertThat(place("2001:db8::1")).isEqualTo(place("2001:db8::2:3"));
        assertThat(place("2001:db8::1")).isNotEqualTo(place("2001:db8:0:1::1"));
        assertThat(place("192.0.2.1")).isNotEqualTo(place("192.0.2.2"));
        assertThat(Strangers.place(null)).isEqualTo(Strangers.place(null));
    }

    private static Object place(String address) {
        return Strangers.place(new InetSocketAddress(InetAddress.ofLiteral(address), 1));
    }
}
