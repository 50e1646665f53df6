package org.bitfusion.systemtests.pool;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;

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

    /// Joins a machine to a data network of its own switch, which lets through what the machine
    /// does.
    ///
    /// @param number of the network, from 2
    /// @param mtu of the machine's interface and of the switch, in bytes
    /// @return the machine's address there
    String join(Machine machine, int number, int mtu) {
        if (!namespaces) {
            throw new IllegalStateException("the loopback has no data networks");
        }
        inNamespace(
                "switch",
                "ip link show net%1$d > /dev/null 2>&1 || { ip link add name net%1$d type bridge && ip link set net%1$d up; }"
                        .formatted(number));
        inNamespace(
                "switch",
                "ip link add %1$s type veth peer name eth%3$d netns %2$s && ip link set %1$s mtu %4$d master net%3$d up"
                        .formatted(cable(machine, number), mark + machine.name(), number, mtu));
        String address = dataAddress(machine, number);
        // One packet at a time: the kernel would else hand on several as a large one, which no
        // cable does.
        inNamespace(
                machine.name(),
                "ip address add %1$s/24 dev eth%2$d && ip link set eth%2$d mtu %3$d gso_max_segs 1 up"
                        .formatted(address, number, mtu));
        return address;
    }

    private static String cable(Machine machine, int number) {
        return machine.name() + "n" + number;
    }

    String dataAddress(Machine machine, int number) {
        return machine.address().replaceFirst("10\\.78\\.0", "10.79." + number);
    }

    /// Pulls a machine's cable to a data network, or plugs it in again. Neither end is told.
    void plug(Machine machine, int number, boolean in) {
        inNamespace(
                "switch",
                "ip link set %s %s"
                        .formatted(
                                cable(machine, number), in ? "master net" + number : "nomaster"));
    }

    /// Has the switch of a data network let through packets of so many bytes from a machine, and
    /// drop larger ones without a word.
    void narrow(Machine machine, int number, int mtu) {
        inNamespace("switch", "ip link set %s mtu %d".formatted(cable(machine, number), mtu));
    }

    /// Makes a machine's way to a data network longer, until the process ends.
    Process slow(Machine machine, int number, int milliseconds) {
        CProgram program = CProgram.build("slow_link");
        String cable = cable(machine, number);
        inNamespace(
                "switch",
                "ip link set %1$s nomaster && ip link add far%2$d type veth peer name near%2$d && ip link set far%2$d master net%2$d up && ip link set near%2$d up"
                        .formatted(cable, number));
        try {
            Process process =
                    CProgram.start(
                            List.of(
                                    "ip",
                                    "netns",
                                    "exec",
                                    mark + "switch",
                                    program.executable().toString(),
                                    cable,
                                    "near" + number,
                                    Integer.toString(milliseconds)),
                            Map.of("LD_LIBRARY_PATH", Repository.shim().toString()),
                            ProcessBuilder.Redirect.PIPE);
            if (!"forwarding".equals(process.inputReader().readLine())) {
                throw new IllegalStateException("no slow link");
            }
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Undoes [#slow], whose process has ended.
    void unslow(Machine machine, int number) {
        inNamespace(
                "switch",
                "ip link delete far%2$d; ip link set %1$s master net%2$d"
                        .formatted(cable(machine, number), number));
    }

    /// Pulls a machine's cable, or plugs it in again.
    void plug(Machine machine, boolean in) {
        if (!namespaces) {
            throw new IllegalStateException("the loopback has no cables");
        }
        inNamespace("switch", "ip link set %s %s".formatted(machine.name(), in ? "up" : "down"));
    }

    /// All that runs on a machine; nothing, where machines are no namespaces.
    List<ProcessHandle> processes(Machine machine) {
        if (!namespaces) {
            return List.of();
        }
        CProgram.Result result =
                CProgram.run(
                        List.of("ip", "netns", "pids", mark + machine.name()), Map.of(), SECONDS);
        return result.output()
                .lines()
                .map(line -> ProcessHandle.of(Long.parseLong(line.strip())))
                .flatMap(Optional::stream)
                .toList();
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
