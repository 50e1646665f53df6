package org.bitfusion.gpu.soft.module;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.gpu.CudaStatus;
import org.bitfusion.gpu.GpuModule;
import org.bitfusion.gpu.ModuleImage;
import org.bitfusion.gpu.Outcome;
import org.bitfusion.ptx.PtxException;
import org.bitfusion.ptx.PtxModule;
import org.bitfusion.ptx.PtxParser;
import org.bitfusion.ptx.image.FatBinary;
import org.bitfusion.ptx.image.ImageException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes modules from images. Of a fat binary the PTX for the highest architecture that the device
/// has is taken; machine code of a real GPU cannot be executed.
public final class ModuleLoader {
    private static final Logger LOG = LoggerFactory.getLogger(ModuleLoader.class);
    private static final Pattern VERSION =
            Pattern.compile("^\\s*\\.version\\s+(\\d+)\\.(\\d+)", Pattern.MULTILINE);

    private ModuleLoader() {}

    /// Loads an image; a failure is also logged.
    public static Outcome<GpuModule> load(ModuleImage image, ModuleHost host) {
        Outcome<GpuModule> outcome =
                switch (image.kind()) {
                    case PTX -> loadText(text(image.content()), host);
                    case ELF ->
                            Outcome.failed(
                                    CudaStatus.NO_BINARY_FOR_GPU,
                                    "machine code for a real GPU, without PTX");
                    case FAT_BINARY -> loadFatBinary(image.content(), host);
                };
        if (outcome instanceof Outcome.Failure<GpuModule>(CudaStatus status, String detail)) {
            LOG.warn("image {} does not load: {}: {}", image.name(), status.cudaName(), detail);
        }
        return outcome;
    }

    private static Outcome<GpuModule> loadFatBinary(ByteBuffer content, ModuleHost host) {
        try {
            Optional<String> ptx = FatBinary.ptxFor(content.duplicate(), host.capability());
            return ptx.isPresent()
                    ? loadText(ptx.get(), host)
                    : Outcome.failed(
                            CudaStatus.NO_BINARY_FOR_GPU,
                            "no PTX that fits compute capability " + host.capability());
        } catch (ImageException problem) {
            return Outcome.failed(CudaStatus.INVALID_IMAGE, String.valueOf(problem.getMessage()));
        }
    }

    private static Outcome<GpuModule> loadText(String text, ModuleHost host) {
        Matcher version = VERSION.matcher(text);
        if (version.find() && isBeyond(version.group(1), version.group(2))) {
            return Outcome.failed(
                    CudaStatus.UNSUPPORTED_PTX_VERSION,
                    version.group().strip() + " (expected: at most 9.0)");
        }
        PtxModule program;
        try {
            program = PtxParser.parse(text);
        } catch (PtxException problem) {
            return Outcome.failed(CudaStatus.INVALID_PTX, String.valueOf(problem.getMessage()));
        }
        String target = program.header().target();
        if (!fits(target, host.capability())) {
            return Outcome.failed(
                    CudaStatus.INVALID_PTX,
                    "target " + target + " is beyond compute capability " + host.capability());
        }
        if (program.header().addressBits() != 64) {
            return Outcome.failed(CudaStatus.INVALID_PTX, "32-bit addresses");
        }
        return VariablePlaces.of(program, host)
                .map(places -> new SoftModule(program, host, places));
    }

    /// Whether a version of PTX came after the one that belongs to this driver's version (CUDA
    /// 13.0: PTX 9.0).
    private static boolean isBeyond(String major, String minor) {
        return major.length() > 1
                || major.compareTo("9") > 0
                || (major.equals("9") && !minor.matches("0+"));
    }

    /// Whether a device runs PTX of a target. Names with a letter at the end are for one
    /// architecture only.
    static boolean fits(String target, int capability) {
        String digits = target.replaceAll("[^0-9]", "");
        if (digits.isEmpty() || digits.length() > 4) {
            return false;
        }
        int wanted = Integer.parseInt(digits);
        return target.endsWith("a") ? wanted == capability : wanted <= capability;
    }

    private static String text(ByteBuffer content) {
        ByteBuffer view = content.duplicate();
        int end = view.limit();
        for (int at = view.position(); at < end; at++) {
            if (view.get(at) == 0) {
                end = at;
            }
        }
        view.limit(end);
        return StandardCharsets.ISO_8859_1.decode(view).toString();
    }
}
