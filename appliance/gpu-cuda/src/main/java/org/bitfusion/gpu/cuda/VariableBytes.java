package org.bitfusion.gpu.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.bitfusion.gpu.ModuleImage;

/// What a module's variables will take of the device, from the image: the driver does not say. An
/// estimate: padding is not counted, and nothing of an image whose form is not known.
final class VariableBytes {
    private static final int LONGEST_DECLARATION = 512;
    private static final Set<String> LINKAGES = Set.of(".visible", ".weak", ".common");
    private static final Set<String> SPACES = Set.of(".global", ".const");
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
                sum = sum(sum, depth == 0 ? ofLine(text, start, at + 1) : 0);
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
        return ofDeclaration(new String(line, StandardCharsets.ISO_8859_1));
    }

    /// As `.visible .global .align 4 .b8 name[16] = {…};`. Nobody knows what a client writes there:
    /// what no long holds is the largest.
    private static long ofDeclaration(String line) {
        int end = 0;
        while (end < line.length() && "[={;".indexOf(line.charAt(end)) < 0) {
            end++;
        }
        List<String> words =
                Arrays.stream(line.substring(0, end).replace('\t', ' ').split(" ", -1))
                        .filter(word -> !word.isBlank())
                        .toList();
        int first = words.isEmpty() || !LINKAGES.contains(words.getFirst()) ? 0 : 1;
        if (words.size() < first + 3 || !SPACES.contains(words.get(first))) {
            return 0;
        }
        long bytes = typeBytes(words.get(words.size() - 2));
        boolean isArray = end < line.length() && line.charAt(end) == '[';
        return isArray ? product(bytes, elements(line, end + 1)) : bytes;
    }

    /// Of `.b8`, `.u16`, `.f64`…; 0 of anything else.
    private static long typeBytes(String type) {
        boolean known =
                type.length() >= 3
                        && type.length() <= 5
                        && type.charAt(0) == '.'
                        && "busf".indexOf(type.charAt(1)) >= 0
                        && type.chars().skip(2).allMatch(VariableBytes::isDigit);
        return known ? Integer.parseInt(type.substring(2)) / Byte.SIZE : 0;
    }

    /// The number at `at`; 1 where there is none.
    private static long elements(String line, int at) {
        long number = 0;
        int next = at;
        while (next < line.length() && line.charAt(next) == ' ') {
            next++;
        }
        int start = next;
        while (next < line.length() && isDigit(line.charAt(next))) {
            number = sum(product(number, 10), line.charAt(next) - '0');
            next++;
        }
        return next == start ? 1 : number;
    }

    private static boolean isDigit(int sign) {
        return sign >= '0' && sign <= '9';
    }

    private static long product(long a, long b) {
        return a != 0 && b > Long.MAX_VALUE / a ? Long.MAX_VALUE : a * b;
    }

    private static long sum(long a, long b) {
        return a > Long.MAX_VALUE - b ? Long.MAX_VALUE : a + b;
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
                sum = sum(sum, bytes);
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
