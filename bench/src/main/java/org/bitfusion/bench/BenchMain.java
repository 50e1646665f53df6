package org.bitfusion.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// `./dev bench [--json FILE] [--rounds N] [ROW ...]`: measures the built product on loopback and
/// prints a table. Exit code 0 whatever the numbers are; 1 when something could not be measured.
public final class BenchMain {
    private static final int ROUNDS = 5;
    private static final int WARM_UPS = 3;

    private BenchMain() {}

    /// @param jsonFile null: none is written
    /// @param names of the rows wanted; empty: all
    record Options(@Nullable Path jsonFile, int rounds, Set<String> names) {
        static Options parse(String[] arguments) {
            Path json = null;
            int rounds = ROUNDS;
            Set<String> names = new TreeSet<>();
            for (int i = 0; i < arguments.length; i++) {
                switch (arguments[i]) {
                    case "--json" -> json = Path.of(arguments[++i]);
                    case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
                    default -> names.add(arguments[i]);
                }
            }
            return new Options(json, rounds, names);
        }

        boolean wants(Row row) {
            return names.isEmpty() || names.contains(row.name());
        }
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Options options = Options.parse(arguments);
        Path root = Path.of("").toAbsolutePath();
        Path folder =
                Files.createTempDirectory(
                        Files.createDirectories(root.resolve("bench/target")), "run");
        List<Row.Result> results = new ArrayList<>();
        boolean complete = true;
        Path product = root.resolve("target/dist/bitfusion");
        try (BenchAppliance appliance = new BenchAppliance(product, folder.resolve("sessions"));
                BenchAppliance leasing = new BenchAppliance(product, folder.resolve("leases"));
                Table table =
                        new Table(
                                product,
                                root.resolve("bench/target/programs"),
                                folder,
                                appliance,
                                leasing)) {
            System.out.print(Report.header());
            for (Row row : table.rows()) {
                complete &= !options.wants(row) || measure(row, options.rounds(), results);
            }
        }
        if (options.jsonFile() != null) {
            Files.writeString(options.jsonFile(), Report.json(results));
        }
        System.exit(complete ? 0 : 1);
    }

    private static boolean measure(Row row, int rounds, List<Row.Result> results)
            throws InterruptedException {
        try {
            Row.Result result = row.run(rounds, WARM_UPS);
            results.add(result);
            System.out.print(Report.line(result));
            return true;
        } catch (IOException failure) {
            System.out.println(row.name() + ": not measured: " + failure.getMessage());
            return false;
        }
    }
}
