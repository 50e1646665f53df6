package org.bitfusion.server;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// The command line of a part of an appliance that is started by hand. What a flag says counts more
/// than the variable for the same.
///
/// @param port of the dispatcher; 0: any
/// @param schedulerPort of the resource scheduler, 0: any; empty: there is none
/// @param devices indexes of the GPUs to serve; empty: as the variable says
/// @param listen address to listen on; empty: as the variable says
record Flags(
        int port,
        OptionalInt schedulerPort,
        Optional<List<Integer>> devices,
        Optional<String> listen) {
    private static final int DEFAULT_SCHEDULER_PORT = 56001;
    private static final int MOST_DEVICES = 64;

    /// Of `bitfusion server`.
    ///
    /// @throws Settings.SettingsException if a flag makes no sense
    static Flags ofServer(List<String> arguments) throws Settings.SettingsException {
        return parse(arguments, false);
    }

    /// Of `bitfusion resource_scheduler`.
    ///
    /// @throws Settings.SettingsException if a flag makes no sense
    static Flags ofScheduler(List<String> arguments) throws Settings.SettingsException {
        return parse(arguments, true);
    }

    private static Flags parse(List<String> arguments, boolean schedules)
            throws Settings.SettingsException {
        int port = Settings.DEFAULT_PORT;
        int schedulerPort = DEFAULT_SCHEDULER_PORT;
        List<Integer> devices = null;
        String counted = "";
        String listen = null;
        for (int i = 0; i < arguments.size(); i++) {
            String flag = arguments.get(i);
            String value;
            if (flag.startsWith("--") && flag.contains("=")) {
                value = flag.substring(flag.indexOf('=') + 1);
                flag = flag.substring(0, flag.indexOf('='));
            } else {
                i++;
                value = i < arguments.size() ? arguments.get(i) : "";
            }
            boolean isKnown = true;
            switch (flag) {
                case "-p", "--port" -> port = port(flag, value);
                case "-l" -> listen = value;
                case "-n", "-d" -> {
                    if (!counted.isEmpty() && !counted.equals(flag)) {
                        throw new Settings.SettingsException(
                                "-n and -d both say which GPUs to serve: give one of them");
                    }
                    counted = flag;
                    devices = flag.equals("-n") ? first(value) : devices(flag, value);
                }
                case "-s", "--srs_port" -> {
                    isKnown = schedules;
                    schedulerPort = schedules ? port(flag, value) : 0;
                }
                default -> isKnown = false;
            }
            if (!isKnown) {
                throw new Settings.SettingsException(
                        "unknown flag %s (expected: -p, -n, -d%s or -l)"
                                .formatted(flag, schedules ? ", -s" : ""));
            }
        }
        return new Flags(
                port,
                schedules ? OptionalInt.of(schedulerPort) : OptionalInt.empty(),
                Optional.ofNullable(devices),
                Optional.ofNullable(listen));
    }

    private static int port(String flag, String value) throws Settings.SettingsException {
        return (int) Settings.number(flag, value, 0, Settings.MOST_PORT);
    }

    private static List<Integer> first(String value) throws Settings.SettingsException {
        int count = (int) Settings.number("-n", value, 1, MOST_DEVICES);
        return IntStream.range(0, count).boxed().toList();
    }

    /// `0,2`: indexes of GPUs, each once.
    ///
    /// @param name who says it
    static List<Integer> devices(String name, String value) throws Settings.SettingsException {
        List<Integer> devices = new ArrayList<>();
        for (String word : value.split(",", -1)) {
            int device = (int) Settings.number(name, word.strip(), 0, Integer.MAX_VALUE);
            if (devices.contains(device)) {
                throw new Settings.SettingsException(name + " names GPU " + device + " twice");
            }
            devices.add(device);
        }
        return devices;
    }
}
