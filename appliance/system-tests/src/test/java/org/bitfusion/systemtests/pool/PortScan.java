package org.bitfusion.systemtests.pool;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.bitfusion.systemtests.CProgram;

/// Which TCP ports of a machine somebody listens on: a program, for it runs on another machine.
final class PortScan {
    private static final int PORTS = 65_536;
    private static final int THREADS = 8;
    private static final int MILLISECONDS = 1000;
    private static final int SECONDS = 120;

    private PortScan() {}

    /// @return the open ports, sorted
    static List<Integer> of(String address, Network.Machine from) {
        CProgram.Result result =
                CProgram.run(
                        from.command(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin/java")
                                                .toString(),
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        PortScan.class.getName(),
                                        address)),
                        Map.of(),
                        SECONDS);
        if (result.exitCode() != 0) {
            throw new IllegalStateException(result.output());
        }
        return result.output().lines().map(Integer::valueOf).sorted().toList();
    }

    public static void main(String[] arguments) throws InterruptedException {
        Queue<Integer> open = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int first = i;
            threads.add(Thread.ofPlatform().start(() -> scan(arguments[0], first, open)));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        open.forEach(System.out::println);
    }

    private static void scan(String address, int first, Queue<Integer> open) {
        for (int port = first == 0 ? THREADS : first; port < PORTS; port += THREADS) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(address, port), MILLISECONDS);
                open.add(port);
            } catch (IOException _) {
                // Nobody listens there.
            }
        }
    }
}
