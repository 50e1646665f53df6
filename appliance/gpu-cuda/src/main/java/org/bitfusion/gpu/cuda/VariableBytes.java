package org.bitfusion.gpu.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bitfusion.gpu.ModuleImage;

/// What a module's variables will take of the device, from the image: the driver does not say. An
/// estimate: padding is not counted, and nothing of an image whose form is not known.
final class VariableBytes {
    private static final int LONGEST_DECLARATION = 512;
    private static final Pattern DECLARATION =
            Pattern.compile(
                    "^\\s*(?:\\.(?:visible|weak|common)\\s+)?\\.(?:global|const)\\b[^;={\\[]*?"
                            + "\\.[busf](\\d{1,3})\\s+[\\w$%]+\\s*(?:\\[\\s*(\\d{1,18})\\s*\\])?");
    private static final int ELF_MAGIC = 0x464c457f;
    private static final int NO_BITS = 8;
    private static final int PROGRAM_BITS = 1;

    private VariableBytes() {}

    static long of(ModuleImage image) {
        ByteBuffer content = image.content().duplicate().order(ByteOrder.LITTLE_ENDIAN);
        return switch (image.kind()) {
            case PTX -> ofText(content);
            case ELF -> ofElf(content.slice().order(ByteOrder.LITTLE_ENDIAN));
            case FAT_BINARY -> 0;
        };
    }

    /// Declarations of module scope, a line each as compilers write them.
    private static long ofText(ByteBuffer text) {
        long sum = 0;
        int depth = 0;
        int start = text.position();
        for (int at = start; at < text.limit(); at++) {
            byte sign = text.get(at);
            depth += sign == '{' ? 1 : sign == '}' ? -1 : 0;
            if (sign == '\n' || at == text.limit() - 1) {
                sum = Math.addExact(sum, depth == 0 ? ofLine(text, start, at + 1) : 0);
                start = at + 1;
            }
        }
        return sum;
    }

    private static long ofLine(ByteBuffer text, int start, int end) {
        int at = start;
        while (at < end && text.get(at) <= ' ') {
            at++;
        }
        if (at == end || text.get(at) != '.') {
            return 0;
        }
        byte[] line = new byte[Math.min(LONGEST_DECLARATION, end - at)];
        text.get(at, line);
        Matcher declaration = DECLARATION.matcher(new String(line, StandardCharsets.ISO_8859_1));
        if (!declaration.find()) {
            return 0;
        }
        long elements = declaration.group(2) == null ? 1 : Long.parseLong(declaration.group(2));
        return Long.parseLong(declaration.group(1)) / Byte.SIZE * elements;
    }

    /// Sections `.nv.global*` and `.nv.constant3` of a 64-bit ELF file.
    private static long ofElf(ByteBuffer file) {
        if (file.limit() < 64 || file.getInt(0) != ELF_MAGIC) {
            return 0;
        }
        long table = file.getLong(40);
        int entryBytes = Short.toUnsignedInt(file.getShort(58));
        int count = Short.toUnsignedInt(file.getShort(60));
        int names = Short.toUnsignedInt(file.getShort(62));
        boolean whole =
                entryBytes >= 64
                        && names < count
                        && table > 0
                        && table <= file.limit() - (long) count * entryBytes;
        long sum = 0;
        for (int section = 0; whole && section < count; section++) {
            int at = (int) table + section * entryBytes;
            int type = file.getInt(at + 4);
            long bytes = file.getLong(at + 32);
            long nameAt = file.getLong((int) table + names * entryBytes + 24) + file.getInt(at);
            String name = name(file, nameAt);
            if ((type == NO_BITS || type == PROGRAM_BITS)
                    && bytes > 0
                    && (name.startsWith(".nv.global") || name.equals(".nv.constant3"))) {
                sum += bytes;
            }
        }
        return sum;
    }

    private static String name(ByteBuffer file, long at) {
        StringBuilder name = new StringBuilder();
        for (long next = at; next >= 0 && next < file.limit() && name.length() < 64; next++) {
            byte sign = file.get((int) next);
            if (sign == 0) {
                break;
            }
            name.append((char) sign);
        }
        return name.toString();
    }
}
