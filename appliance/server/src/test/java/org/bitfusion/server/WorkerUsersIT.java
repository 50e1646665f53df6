package org.bitfusion.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.dispatcher.DispatcherSettings.UserRange;
import org.bitfusion.protocol.Hello;
import org.bitfusion.protocol.cuda.CudaResult;
import org.bitfusion.server.TestAppliance.TestLease;
import org.bitfusion.server.TestAppliance.TestOpened;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Workers of one lease share a user of the operating system, and no two leases do.
class WorkerUsersIT {
    private static final long CONTEXT = 0x0001_0000_0000_0001L;
    private static final int FIRST = 234_000;
    private static final long MIB = 1 << 20;

    private static final String CLASS_PATH = "java.class.path";

    @TempDir private static Path readable;
    private static String classPath = "";

    /// Workers get this JVM's class path, and its folders are often closed to other users.
    @BeforeAll
    static void copyClassPathToWhereOthersMayRead() throws Exception {
        classPath = System.getProperty(CLASS_PATH);
        Files.setPosixFilePermissions(readable, PosixFilePermissions.fromString("rwxr-xr-x"));
        List<String> copies = new ArrayList<>();
        for (String entry : List.of(classPath.split(File.pathSeparator, -1))) {
            if (!entry.isEmpty() && Files.exists(Path.of(entry))) {
                Path folder = Files.createDirectory(readable.resolve("" + copies.size()));
                run("cp", "-rL", entry, folder.toString());
                copies.add(folder.resolve(Path.of(entry).getFileName()).toString());
            }
        }
        run("chmod", "-R", "go+rX", readable.toString());
        System.setProperty(CLASS_PATH, String.join(File.pathSeparator, copies));
    }

    @AfterAll
    static void restoreClassPath() {
        System.setProperty(CLASS_PATH, classPath);
    }

    @BeforeEach
    void onlyRootCan() throws IOException {
        Optional<String> obstacle = OtherUsers.obstacle(Path.of("target/run"));
        assumeTrue(obstacle.isEmpty(), "workers cannot run as other users here: " + obstacle);
    }

    private static void run(String... command) throws Exception {
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor())
                .as(String.join(" ", command))
                .isZero();
    }

    private static String field(TestSession session, String name) throws IOException {
        Matcher matcher =
                Pattern.compile("^" + name + ":[\\t ]*(.*?)[\\t ]*$", Pattern.MULTILINE)
                        .matcher(
                                Files.readString(
                                        Path.of("/proc/" + session.process() + "/status")));
        assertThat(matcher.find()).as(name).isTrue();
        return matcher.group(1);
    }

    /// That of all four kinds.
    private static int user(TestSession session) throws IOException {
        int[] users =
                Arrays.stream(field(session, "Uid").split("\\s+"))
                        .mapToInt(Integer::parseInt)
                        .distinct()
                        .toArray();
        assertThat(users).hasSize(1);
        return users[0];
    }

    private static void work(TestSession session) throws IOException {
        byte[] bytes = {1, 2, 3, 4};
        session.createContext(CONTEXT, 0);
        long address = session.allocate(CONTEXT, MIB);
        assertThat(address).isPositive();
        session.write(CONTEXT, address, bytes);
        assertThat(session.read(CONTEXT, address, bytes.length)).isEqualTo(bytes);
    }

    private static int asUser(int user, String... command) throws Exception {
        String[] whole = new String[command.length + 5];
        String number = Integer.toString(user);
        System.arraycopy(
                new String[] {"setpriv", "--reuid", number, "--regid=" + number, "--clear-groups"},
                0,
                whole,
                0,
                5);
        System.arraycopy(command, 0, whole, 5, command.length);
        return new ProcessBuilder(whole)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }

    @Test
    void aLeaseHasAUserAndCanReadNothingOfAnotherOrOfTheAppliance() throws Exception {
        try (TestAppliance appliance = TestAppliance.with(new UserRange(FIRST, FIRST + 9));
                TestConnection leasing = appliance.leasing()) {
            TestLease one = TestAppliance.lease(leasing, 1, 64 * MIB);
            TestLease other = TestAppliance.lease(leasing, 1, 64 * MIB);
            try (TestSession first = appliance.session(one);
                    TestSession second = appliance.session(one);
                    TestSession stranger = appliance.session(other);
                    TestSession without = appliance.session()) {
                work(first);
                work(second);
                work(stranger);
                work(without);
                int user = user(first);
                assertThat(user).isBetween(FIRST, FIRST + 9).isEqualTo(user(second));
                assertThat(user(stranger)).isBetween(FIRST, FIRST + 9).isNotIn(user, user(without));
                assertThat(user(without)).isBetween(FIRST, FIRST + 9).isNotEqualTo(user);
                assertThat(field(first, "Groups")).isEmpty();
                assertThat(Files.readString(Path.of("/proc/" + first.process() + "/limits")))
                        .containsPattern("Max core file size +0 +0")
                        .containsPattern("Max open files +4096 +4096");
                assertThat(asUser(user, "ls", appliance.runFolder().toString())).isNotZero();
                try (DirectoryStream<Path> files =
                        Files.newDirectoryStream(appliance.runFolder())) {
                    for (Path file : files) {
                        boolean own = file.toString().contains(one.id() + ".ledger");
                        String test = Files.isDirectory(file) ? "ls" : "cat";
                        if (!file.endsWith("control")) {
                            assertThat(asUser(user, test, file.toString()) == 0)
                                    .as(file.toString())
                                    .isEqualTo(own);
                        }
                    }
                }
            }
            assertThat(TestAppliance.release(leasing, one)).isZero();
            assertThat(TestAppliance.release(leasing, other)).isZero();
            try (DirectoryStream<Path> left =
                    Files.newDirectoryStream(appliance.runFolder(), "lease-*")) {
                assertThat(left).isEmpty();
            }
        }
    }

    @Test
    void usersAreGivenAgainWhenTheirLeaseIsOverAndNotBefore() throws IOException {
        try (TestAppliance appliance = TestAppliance.with(new UserRange(FIRST, FIRST + 1));
                TestConnection leasing = appliance.leasing()) {
            for (int i = 0; i < 3; i++) {
                TestLease lease = TestAppliance.lease(leasing, 1, 64 * MIB);
                assertThatThrownBy(() -> TestAppliance.lease(leasing, 1, 64 * MIB))
                        .as("the range has one for leases and one for those without")
                        .hasMessage("status " + CudaResult.ERROR_OUT_OF_MEMORY);
                assertThat(TestAppliance.release(leasing, lease)).isZero();
            }
        }
    }

    @Test
    void theNextDispatcherKnowsWhoseUsersTheyAreAndHearsItsWorkers() throws IOException {
        TestAppliance before = TestAppliance.with(new UserRange(FIRST, FIRST + 9));
        TestOpened opened = before.openSession(Optional.empty());
        try (TestConnection leasing = before.leasing()) {
            TestLease lease = TestAppliance.lease(leasing, 1, 64 * MIB);
            try (TestSession first = before.session(lease);
                    TestSession without = before.join(opened)) {
                work(first);
                work(without);
                before.close();
                try (TestAppliance next = before.next();
                        TestConnection other = next.leasing();
                        TestSession second = next.session(lease)) {
                    work(second);
                    assertThat(user(second)).isEqualTo(user(first));
                    TestLease third = TestAppliance.lease(other, 1, 64 * MIB);
                    try (TestSession stranger = next.session(third)) {
                        work(stranger);
                        assertThat(user(stranger)).isNotIn(user(first), user(without));
                    }
                    assertThat(TestAppliance.sessionEnded(other, Hello.NO_LEASE, opened.id()))
                            .isZero();
                    await().atMost(Duration.ofSeconds(2))
                            .until(() -> ProcessHandle.of(without.process()).isEmpty());
                    assertThat(TestAppliance.release(other, third)).isZero();
                }
            }
        }
    }
}
