package org.bitfusion.cli.configuration;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The files of the appliance on this machine, as its manager writes them.
///
/// @param folder `BF_MANAGER_FOLDER`, else `/etc/bitfusion`
public record ApplianceFiles(Path folder) {
    /// As the environment says.
    public static ApplianceFiles of(Map<String, String> environment) {
        String named = environment.getOrDefault("BF_MANAGER_FOLDER", "").strip();
        return new ApplianceFiles(Path.of(named.isEmpty() ? "/etc/bitfusion" : named));
    }

    /// The certificate of the pool.
    public Path authority() {
        return folder.resolve("tls/ca.crt");
    }

    /// Key and certificate of the appliance, which root alone reads.
    public Path identity() {
        return folder.resolve("tls/appliance.pem");
    }

    /// The addresses under which the appliance is known; none where it does not say.
    public List<String> addresses() {
        return addresses(yaml());
    }

    /// Where its manager listens.
    public List<ServerAddress> managers() {
        String text = yaml();
        int port = port(text);
        List<ServerAddress> managers = new ArrayList<>();
        for (String address : addresses(text)) {
            managers.add(new ServerAddress(address, port));
        }
        return managers;
    }

    private String yaml() {
        @Nullable String text =
                ConfigurationFile.readIfPresent(folder.resolve("bitfusion-manager.yaml"));
        return text == null ? "" : text;
    }

    static int port(String yaml) {
        for (String line : yaml.split("\n", -1)) {
            if (line.startsWith("port:")) {
                ServerAddress address = ServerAddress.parse("x:" + value(line.substring(5)), 1);
                return address == null ? ServerAddress.MANAGER_PORT : address.port();
            }
        }
        return ServerAddress.MANAGER_PORT;
    }

    static List<String> addresses(String yaml) {
        List<String> addresses = new ArrayList<>();
        boolean within = false;
        for (String line : yaml.split("\n", -1)) {
            if (line.startsWith("addresses:")) {
                within = true;
            } else if (within && line.strip().startsWith("- ")) {
                addresses.add(value(line.strip().substring(2)));
            } else {
                within = false;
            }
        }
        return addresses;
    }

    private static String value(String text) {
        String value = text.strip();
        int last = value.length() - 1;
        return last > 0 && value.charAt(0) == '"' && value.charAt(last) == '"'
                ? value.substring(1, last)
                : value;
    }
}
