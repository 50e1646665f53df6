package org.bitfusion.systemtests.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.bitfusion.systemtests.CProgram;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Administrators and new clients of a pool, with the commands that they type.
class EnrolmentIT {
    private static ManagedAppliance appliance;

    @BeforeAll
    static void start() {
        appliance = ManagedAppliance.start("127.0.0.2");
    }

    @AfterAll
    static void stop() {
        appliance.close();
    }

    private static String output(CProgram.Result result) {
        assertThat(result.exitCode()).as(result.output()).isZero();
        return result.output();
    }

    @Test
    void aClientWithATokensFilesListsTheGpus() throws IOException {
        Path home = appliance.home();
        String first = output(ManagedAppliance.as(home, "list_gpus"));
        assertThat(first)
                .contains("Query server " + appliance.manager() + " to claim client id: ")
                .endsWith(
                        "- server 0 ["
                                + appliance.manager()
                                + "]: running 0 tasks\n"
                                + "   |- GPU 0: free memory 512 MiB / 512 MiB\n"
                                + "   |- GPU 1: free memory 512 MiB / 512 MiB\n");
        Path pem = home.resolve(".bitfusion/tls/client.pem");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(pem)))
                .isEqualTo("rw-------");
        String json = output(ManagedAppliance.as(home, "list_gpus", "--output", "json"));
        assertThat(json).startsWith("[\n  {").contains("\"freeMiB\": 512", "\"name\": \"gpu-2\"");
        assertThat(output(ManagedAppliance.as(home, "tls-certs", "show")))
                .contains(pem.toString(), "clientAuth");
        assertThat(output(ManagedAppliance.as(home, "tls-certs", "renew"))).contains("renewed");
        assertThat(output(ManagedAppliance.as(home, "list_gpus"))).startsWith("- server 0 [");
    }

    @Test
    void aTokenThatDoesNotCountIsOneLineWithTheRemedy() throws IOException {
        Path home = appliance.home();
        String id = Files.readString(home.resolve(".bitfusion/client.yaml"));
        id = id.replaceAll("(?s).*token: ([A-Za-z0-9]+)\\..*", "$1");
        assertThat(output(appliance.asRoot("token", "disable", id))).contains("disabled");
        CProgram.Result refused = ManagedAppliance.as(home, "run", "-n", "1", "true");
        assertThat(refused.exitCode()).isEqualTo(77);
        assertThat(refused.output())
                .startsWith("bitfusion: [BF-7403]")
                .contains("bitfusion token enable " + id)
                .hasLineCount(1);
        output(appliance.asRoot("token", "enable", id));
        assertThat(output(appliance.asRoot("token", "list"))).contains(id);
        assertThat(output(ManagedAppliance.as(home, "list_gpus"))).contains("- server 0");
        output(appliance.asRoot("token", "extend", id, "--expires", "60d"));
        output(appliance.asRoot("token", "delete", id));
        assertThat(output(appliance.asRoot("token", "list"))).doesNotContain(id);
        assertThat(appliance.asRoot("token", "delete", id).output())
                .contains("there is no token " + id);
    }

    @Test
    void anAdministratorWorksFromAnywhere() throws IOException {
        CProgram.Result added =
                appliance.asRootWithLine("correct horse battery", "user", "add", "anna");
        assertThat(output(added)).isEqualTo("User anna added as admin\n");
        assertThat(appliance.asRootWithLine("short", "user", "add", "ben").output())
                .contains("12")
                .hasLineCount(1);
        Path home = appliance.home();
        List<String> list =
                List.of(
                        "bash",
                        "-c",
                        "printf '%s\\n' 'correct horse battery' | "
                                + ManagedAppliance.program()
                                + " token list --user anna; printf 'wrong horse battery\\n' | "
                                + ManagedAppliance.program()
                                + " user list --user anna");
        CProgram.Result listed = CProgram.run(list, Map.of("HOME", home.toString()), 60);
        assertThat(listed.exitCode()).isEqualTo(77);
        assertThat(listed.output()).startsWith("ID ").contains("\nbitfusion: ");
        assertThat(output(appliance.asRoot("user", "list"))).contains("anna  admin  true");
        assertThat(ManagedAppliance.as(home, "token", "list").output())
                .contains("--user NAME")
                .hasLineCount(1);
        assertThat(appliance.log()).doesNotContain("horse");
    }

    @Test
    void anApplianceDoesNotRemoveItselfAndRenewsItsCertificate() {
        CProgram.Result removed = appliance.asRoot("removenode", "gpu-2");
        assertThat(removed.exitCode()).isEqualTo(69);
        assertThat(removed.output()).contains("does not remove itself").hasLineCount(1);
        assertThat(output(appliance.asRoot("tls-certs", "renew")))
                .contains("appliance.pem renewed");
        assertThat(output(appliance.asRoot("token", "list"))).startsWith("ID ");
    }

    @Test
    void aClientOfAnotherPoolIsAnUnknownAuthority() throws IOException {
        Path home = appliance.home();
        try (ManagedAppliance other = ManagedAppliance.start("127.0.0.3")) {
            Path stranger = other.home();
            CProgram.Result result =
                    ManagedAppliance.as(stranger, "list_gpus", "-l", appliance.manager());
            assertThat(result.exitCode()).isEqualTo(77);
            assertThat(result.output())
                    .contains("x509: certificate signed by unknown authority", "client.yaml");
            assertThat(Files.exists(home.resolve(".bitfusion/tls/client.pem"))).isFalse();
        }
    }
}
