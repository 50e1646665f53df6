package org.bitfusion.gpu.soft.module;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
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

    /// The version of PTX that belongs to this driver's version, CUDA 13.0.
    private static final int KNOWN_MAJOR = 9;

    private static final int KNOWN_MINOR = 0;

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
        PtxModule program;
        try {
            program = PtxParser.parse(text);
        } catch (PtxException problem) {
            return notUnderstood(text, problem);
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

    /// PTX of a later version is tried all the same: what it has anew stands mostly in the bodies
    /// of kernels, and refuses only the kernel that holds it.
    private static Outcome<GpuModule> notUnderstood(String text, PtxException problem) {
        String version = PtxParser.version(text);
        String message = String.valueOf(problem.getMessage());
        return isBeyond(version)
                ? Outcome.failed(
                        CudaStatus.UNSUPPORTED_PTX_VERSION,
                        ".version %s (known: up to %d.%d): %s"
                                .formatted(version, KNOWN_MAJOR, KNOWN_MINOR, message))
                : Outcome.failed(CudaStatus.INVALID_PTX, message);
    }

    private static boolean isBeyond(String version) {
        int point = version.indexOf('.');
        int major = number(point < 0 ? version : version.substring(0, point));
        int minor = point < 0 ? 0 : number(version.substring(point + 1));
        return major > KNOWN_MAJOR || (major == KNOWN_MAJOR && minor > KNOWN_MINOR);
    }

    /// The number that a text of up to four digits is, -1 for any other.
    private static int number(String digits) {
        boolean plain =
                !digits.isEmpty()
                        && digits.length() <= 4
                        && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        return plain ? Integer.parseInt(digits) : -1;
    }

    /// Whether a device runs PTX of a target: `sm_90a` is for that architecture only, `sm_100f` for
    /// its family, later minor versions of the same major one (PTX ISA, ".target").
    static boolean fits(String target, int capability) {
        int start = target.startsWith("sm_") ? 3 : target.startsWith("compute_") ? 8 : 0;
        char last = target.isEmpty() ? 0 : target.charAt(target.length() - 1);
        boolean bound = last == 'a' || last == 'f';
        int wanted = number(target.substring(start, target.length() - (bound ? 1 : 0)));
        return switch (last) {
            case 'a' -> wanted == capability;
            case 'f' -> wanted / 10 == capability / 10 && wanted >= 0 && wanted <= capability;
            default -> wanted >= 0 && wanted <= capability;
        };
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
