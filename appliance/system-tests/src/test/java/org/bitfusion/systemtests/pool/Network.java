package org.bitfusion.systemtests.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.CProgram;

/// Machines with a cable each to one switch: network namespaces; or, where these are not allowed,
/// addresses of the loopback.
final class Network implements AutoCloseable {
    private static final int SECONDS = 20;
    private static final int FIRST_OF_CLIENTS = 100;

    /// @param prefix a command that has another one run there
    record Machine(String name, String address, List<String> prefix) {
        List<String> command(List<String> words) {
            List<String> command = new ArrayList<>(prefix);
            command.addAll(words);
            return command;
        }
    }

    private final boolean namespaces;
    private final String mark = "bf" + ProcessHandle.current().pid() + "-";
    private final List<String> made = new ArrayList<>();

    private Network(boolean namespaces) {
        this.namespaces = namespaces;
    }

    static Network make() {
        Network network = new Network(isAllowed());
        if (network.namespaces) {
            network.makeNamespace("switch");
            network.inNamespace(
                    "switch", "ip link add switch type bridge && ip link set switch up");
        }
        return network;
    }

    private static boolean isAllowed() {
        CProgram.Result result =
                CProgram.run(List.of("unshare", "--net", "true"), Map.of(), SECONDS);
        if (result.exitCode() != 0) {
            System.err.println(
                    "all machines are addresses of the loopback: network namespaces are not allowed"
                            + " here ("
                            + result.output().strip()
                            + ")");
        }
        return result.exitCode() == 0;
    }

    boolean isOfNamespaces() {
        return namespaces;
    }

    /// @param number of the appliance, from 1
    Machine appliance(int number) {
        return machine("a" + number, number);
    }

    Machine client(int number) {
        return machine("c" + number, FIRST_OF_CLIENTS + number);
    }

    private Machine machine(String name, int number) {
        if (!namespaces) {
            return new Machine(name, "127.0.78." + number, List.of());
        }
        String address = "10.78.0." + number;
        String own = makeNamespace(name);
        inNamespace(
                "switch",
                "ip link add %1$s type veth peer name eth0 netns %2$s && ip link set %1$s master switch up"
                        .formatted(name, own));
        inNamespace(
                name,
                "ip link set lo up && ip address add %s/24 dev eth0 && ip link set eth0 up"
                        .formatted(address));
        return new Machine(name, address, List.of("ip", "netns", "exec", own));
    }

    /// Pulls a machine's cable, or plugs it in again.
    void plug(Machine machine, boolean in) {
        if (!namespaces) {
            throw new IllegalStateException("the loopback has no cables");
        }
        inNamespace("switch", "ip link set %s %s".formatted(machine.name(), in ? "up" : "down"));
    }

    private String makeNamespace(String name) {
        run(List.of("ip", "netns", "add", mark + name));
        made.add(mark + name);
        return mark + name;
    }

    private void inNamespace(String name, String script) {
        run(List.of("ip", "netns", "exec", mark + name, "sh", "-c", script));
    }

    private static void run(List<String> command) {
        CProgram.Result result = CProgram.run(command, Map.of(), SECONDS);
        if (result.exitCode() != 0) {
            throw new IllegalStateException(command + ": " + result.output());
        }
    }

    @Override
    public void close() {
        made.forEach(name -> run(List.of("ip", "netns", "delete", name)));
        made.clear();
    }
}
