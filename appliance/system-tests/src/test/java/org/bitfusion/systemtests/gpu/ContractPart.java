package org.bitfusion.systemtests.gpu;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.bitfusion.systemtests.CProgram;
import org.bitfusion.systemtests.Repository;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/// Runs `CudaContractTest` of `gpu-cuda` in JVMs of their own: each test of kernels that fail in
/// one, since their errors end CUDA for the process, and each other group in one.
final class ContractPart {
    private static final String SUITE = "org.bitfusion.gpu.cuda.CudaContractTest";
    private static final String ERRORS = "Errors";
    private static final List<String> GROUPS =
            List.of("Memory", "Streams", "Pools", "Shares", "Modules", "Launches");

    private ContractPart() {}

    /// What to select, as JUnit's console launcher takes it.
    static List<String> tests() throws IOException {
        List<String> selectors = new ArrayList<>();
        GROUPS.forEach(group -> selectors.add("class:" + SUITE + "$" + group));
        try {
            Class<?> errors = Class.forName(SUITE + "$" + ERRORS, false, loader());
            for (Class<?> type = errors; type != Object.class; type = type.getSuperclass()) {
                for (var method : type.getDeclaredMethods()) {
                    String selector = "method:" + SUITE + "$" + ERRORS + "#" + method.getName();
                    boolean isTest = method.isAnnotationPresent(org.junit.jupiter.api.Test.class);
                    if (isTest && !selectors.contains(selector)) {
                        selectors.add(selector);
                    }
                }
            }
        } catch (ClassNotFoundException e) {
            throw new IOException(e);
        }
        return selectors;
    }

    private static ClassLoader loader() {
        return ContractPart.class.getClassLoader();
    }

    static List<GpuRun.Line> run(String selector, String library, int seconds) throws IOException {
        Path reports =
                Files.createTempDirectory(Files.createDirectories(Repository.target()), "contract");
        long begun = System.nanoTime();
        CProgram.Result result =
                CProgram.run(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-Dbitfusion.libcuda=" + library,
                                "-cp",
                                System.getProperty("java.class.path"),
                                "org.junit.platform.console.ConsoleLauncher",
                                "execute",
                                "--disable-banner",
                                "--details=none",
                                "--reports-dir=" + reports,
                                "--select-" + selector.replaceFirst(":", "=")),
                        Map.of(),
                        3 * seconds);
        List<GpuRun.Line> lines = read(reports);
        if (lines.isEmpty()) {
            String last = result.output().strip().lines().reduce((_, line) -> line).orElse("");
            lines.add(
                    new GpuRun.Line(
                            "contract",
                            selector.substring(selector.indexOf('$') + 1),
                            "failed",
                            (System.nanoTime() - begun) / 1e9,
                            "exit code " + result.exitCode() + " " + last));
        }
        return lines;
    }

    private static List<GpuRun.Line> read(Path reports) throws IOException {
        List<GpuRun.Line> lines = new ArrayList<>();
        try (Stream<Path> files = Files.list(reports)) {
            for (Path file : files.sorted().toList()) {
                NodeList cases =
                        DocumentBuilderFactory.newInstance()
                                .newDocumentBuilder()
                                .parse(file.toFile())
                                .getElementsByTagName("testcase");
                for (int i = 0; i < cases.getLength(); i++) {
                    lines.add(line((Element) cases.item(i)));
                }
            }
        } catch (ParserConfigurationException | SAXException e) {
            throw new IOException(e);
        }
        return lines;
    }

    private static GpuRun.Line line(Element test) {
        String group = test.getAttribute("classname").replaceAll(".*[.$]", "");
        String name = test.getAttribute("name").replaceAll("\\(.*", "");
        String result = "passed";
        String detail = "";
        for (String bad : List.of("failure", "error", "skipped")) {
            if (test.getElementsByTagName(bad).item(0) instanceof Element element) {
                result = bad.equals("skipped") ? "skipped" : "failed";
                String message = element.getAttribute("message");
                String text = message.isEmpty() ? element.getTextContent() : message;
                detail = text.strip().replaceAll("\\s+", " ");
                detail = detail.substring(0, Math.min(160, detail.length()));
            }
        }
        return new GpuRun.Line(
                "contract",
                group + "." + name,
                result,
                Double.parseDouble(test.getAttribute("time").replace(",", "")),
                detail);
    }
}
