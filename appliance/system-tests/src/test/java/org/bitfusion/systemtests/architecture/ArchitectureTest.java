package org.bitfusion.systemtests.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.NetworkChannel;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.Executor;
import javax.net.SocketFactory;
import javax.net.ssl.KeyManager;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The invariants of the architecture, each with the reason that a broken one prints.
class ArchitectureTest {
    private static JavaClasses product;

    @BeforeAll
    static void importProduct() {
        product =
                new ClassFileImporter()
                        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                        .importPackages("org.bitfusion");
        assertThat(product)
                .as("the product's classes are on the class path")
                .hasSizeGreaterThan(100);
        assertThat(product.containPackage("org.bitfusion.scheduler"))
                .as("the scheduler, which no process uses yet, is among them")
                .isTrue();
        assertThat(product.containPackage("org.bitfusion.manager.routes"))
                .as("the manager is among them")
                .isTrue();
        assertThat(product.containPackage("org.bitfusion.allocator"))
                .as("the allocator, which no process uses yet, is among them")
                .isTrue();
    }

    @Test
    void onlyNativeAccessPackagesAndTheCudaDriverLeaveTheJvm() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackages("..nativeaccess..", "org.bitfusion.gpu.cuda..")
                        .should()
                        .dependOnClassesThat()
                        .areAssignableTo(Linker.class)
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(SymbolLookup.class)
                        .because("a crash outside the JVM must have few places to come from"));
    }

    @Test
    void ptxDependsOnNothing() {
        check(
                classes()
                        .that()
                        .resideInAPackage("org.bitfusion.ptx..")
                        .should()
                        .onlyDependOnClassesThat()
                        .resideInAnyPackage("org.bitfusion.ptx..", "java..", "org.jspecify..")
                        .because("the language stands alone"));
    }

    @Test
    void theSchedulerDependsOnNothing() {
        check(
                classes()
                        .that()
                        .resideInAPackage("org.bitfusion.scheduler..")
                        .should()
                        .onlyDependOnClassesThat()
                        .resideInAnyPackage(
                                "org.bitfusion.scheduler..",
                                "java.lang..",
                                "java.math..",
                                "java.time..",
                                "java.util..",
                                "org.jspecify..")
                        .because("a decision is a function of what is known, and of nothing else"));
    }

    @Test
    void theSchedulerHasNoClockAndNoThreads() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.scheduler..")
                        .should()
                        .callMethod(System.class, "nanoTime")
                        .orShould()
                        .callMethod(System.class, "currentTimeMillis")
                        .orShould()
                        .callMethod(Instant.class, "now")
                        .orShould()
                        .callMethod(UUID.class, "randomUUID")
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(Thread.class)
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(Clock.class)
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(Executor.class)
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(Random.class)
                        .because("the same snapshot, request and time give the same decision"));
    }

    @Test
    void theDispatcherNeverReadsACudaCall() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.dispatcher..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "org.bitfusion.gpu..",
                                "org.bitfusion.worker..",
                                "org.bitfusion.ptx..")
                        .because("it hands out workers and knows nothing of what they compute"));
    }

    @Test
    void theGpuContractKnowsNoGpu() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.gpu")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "org.bitfusion.gpu.soft..",
                                "org.bitfusion.gpu.cuda..",
                                "org.bitfusion.protocol..")
                        .because("both GPUs implement it"));
    }

    @Test
    void aGpuKnowsNeitherTheOtherNorTheWire() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.gpu.soft..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "org.bitfusion.gpu.cuda..",
                                "org.bitfusion.protocol..",
                                "org.bitfusion.worker..")
                        .because("handles, limits and messages live in the worker"));
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.gpu.cuda..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "org.bitfusion.gpu.soft..",
                                "org.bitfusion.protocol..",
                                "org.bitfusion.worker..")
                        .because("handles, limits and messages live in the worker"));
    }

    @Test
    void onlyTheDispatcherKnowsNetty() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackages(
                                "org.bitfusion.dispatcher..",
                                "org.bitfusion.server..",
                                "org.bitfusion.bench..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("io.netty..")
                        .because("event loops only move bytes, and only there"));
    }

    @Test
    void onlyTheClusterKnowsZooKeeper() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackages("org.bitfusion.cluster..", "org.bitfusion.bench..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage("org.apache.zookeeper..", "org.apache.curator..")
                        .because("what a lost connection means is decided in one place"));
    }

    @Test
    void theAllocatorOpensNoSocket() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.allocator..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "java.net..",
                                "javax.net..",
                                "java.nio.channels..",
                                "com.sun.net..",
                                "org.springframework..",
                                "org.bitfusion.server..")
                        .because("how managers reach each other is given to it"));
    }

    @Test
    void onlyTheManagerKnowsSpring() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage("org.bitfusion.manager..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "org.springframework..",
                                "org.springdoc..",
                                "org.apache.catalina..",
                                "org.apache.coyote..",
                                "jakarta..")
                        .because("what is decided is decided without a web server"));
    }

    @Test
    void theClusterReadsNoClockButInItsMain() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.cluster..")
                        .and()
                        .doNotHaveSimpleName("ZooKeeperMain")
                        .should()
                        .callMethod(Instant.class, "now")
                        .orShould()
                        .callMethod(System.class, "currentTimeMillis")
                        .orShould()
                        .callMethod(System.class, "nanoTime")
                        .orShould()
                        .callMethod(InstantSource.class, "system")
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(Clock.class)
                        .because("time is given to it"));
    }

    @Test
    void onlyTlsKnowsBouncyCastle() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage("org.bitfusion.tls..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("org.bouncycastle..")
                        .because("certificates are written in one place"));
    }

    @Test
    void whoOnlyConnectsLoadsNoBouncyCastle() {
        check(
                noClasses()
                        .that()
                        .resideInAnyPackage(
                                "org.bitfusion.tls",
                                "org.bitfusion.tls.context..",
                                "org.bitfusion.tls.file..",
                                "org.bitfusion.tls.identity..",
                                "org.bitfusion.tls.pem..",
                                "org.bitfusion.tls.revocation..",
                                "org.bitfusion.tls.store..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("org.bouncycastle..")
                        .because("who only connects does not wait for its classes"));
    }

    @Test
    void tlsStandsAlone() {
        check(
                classes()
                        .that()
                        .resideInAPackage("org.bitfusion.tls..")
                        .should()
                        .onlyDependOnClassesThat()
                        .resideInAnyPackage(
                                "org.bitfusion.tls..",
                                "org.bouncycastle..",
                                "org.slf4j..",
                                "java..",
                                "javax.crypto..",
                                "javax.net.ssl..",
                                "javax.security..",
                                "org.jspecify..")
                        .because("it holds what others trust"));
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.tls..")
                        .should()
                        .callMethod(Instant.class, "now")
                        .orShould()
                        .callMethod(System.class, "currentTimeMillis")
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(Clock.class)
                        .orShould()
                        .callConstructor(Socket.class)
                        .orShould()
                        .callConstructor(Socket.class, String.class, int.class)
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(SocketFactory.class)
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(ServerSocket.class)
                        .orShould()
                        .dependOnClassesThat()
                        .areAssignableTo(NetworkChannel.class)
                        .because("time is given to it, and it opens no socket"));
    }

    @Test
    void theCommandLineKnowsNoAppliance() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.cli..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "org.bitfusion.gpu..",
                                "org.bitfusion.ptx..",
                                "org.bitfusion.worker..",
                                "org.bitfusion.dispatcher..",
                                "org.bitfusion.server..",
                                "org.bitfusion.manager..",
                                "org.bitfusion.cluster..")
                        .because("a client machine has no appliance"));
    }

    @Test
    void executorsDoNotKnowEachOther() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.gpu.soft.compiler..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("org.bitfusion.gpu.soft.interpreter..")
                        .because(
                                "the interpreter is the oracle that the compiler is checked against"));
        check(
                noClasses()
                        .that()
                        .resideInAPackage("org.bitfusion.gpu.soft.interpreter..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("org.bitfusion.gpu.soft.compiler..")
                        .because(
                                "the interpreter is the oracle that the compiler is checked against"));
    }

    @Test
    void packagesAreNamedByFeature() {
        check(
                noClasses()
                        .that()
                        // The product's own name of its service.
                        .resideOutsideOfPackage("org.bitfusion.manager..")
                        .should()
                        .resideInAnyPackage(
                                "..impl..", "..util..", "..utils..", "..common..", "..manager..")
                        .because("such names gather what has no home"));
    }

    @Test
    void methodsAreNotGetters() {
        check(
                methods()
                        .that()
                        .arePublic()
                        .and()
                        .areDeclaredInClassesThat()
                        .resideOutsideOfPackages(
                                "org.bitfusion.gpu.cuda..", "org.bitfusion.protocol..")
                        .and()
                        .areDeclaredInClassesThat()
                        .areNotAssignableTo(TrustManager.class)
                        .and()
                        .areDeclaredInClassesThat()
                        .areNotAssignableTo(KeyManager.class)
                        .and()
                        .areDeclaredInClassesThat()
                        .areNotAssignableTo(SocketFactory.class)
                        .and()
                        // Interfaces of Tomcat and of servlets.
                        .areDeclaredInClassesThat()
                        .haveNameNotMatching(
                                "org.bitfusion.manager.web.(PoolSslContext|CrowdedEndpoint.*|BodyLimit.*)")
                        .should()
                        .haveNameNotMatching("get[A-Z].*")
                        .because("accessors are named for what they answer"));
    }

    private static void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(product);
    }
}
