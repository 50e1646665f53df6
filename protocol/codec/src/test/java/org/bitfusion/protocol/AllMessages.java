package org.bitfusion.protocol;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.stream.Stream;
import org.bitfusion.protocol.message.WireConstants;

/// Every message and answer that was generated, found by reflection, with random contents.
final class AllMessages {
    private static final String PACKAGE = WireConstants.class.getPackageName();
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;

    private AllMessages() {}

    /// A class of messages with its generated methods.
    record Kind(Class<? extends Record> type) {
        @Override
        public String toString() {
            return type.getSimpleName();
        }

        int call() {
            return constant("CALL");
        }

        int minimum() {
            return constant("MINIMUM_BYTES");
        }

        int maximum() {
            return constant("MAXIMUM_BYTES");
        }

        boolean answer() {
            return type.getSimpleName().endsWith("Answer");
        }

        /// @return whether a payload follows the record's fields
        boolean payload() {
            return method("writeFrame").contains(List.of(ByteBuffer.class, int.class))
                    && !hasRequest();
        }

        /// @return whether the frame carries a request number
        boolean hasRequest() {
            return answer()
                    || existing().stream()
                            .anyMatch(other -> other.equals(type.getSimpleName() + "Answer"));
        }

        Record read(ByteBuffer body) throws ProtocolException {
            try {
                return (Record) type.getMethod("read", ByteBuffer.class).invoke(null, body);
            } catch (InvocationTargetException e) {
                if (e.getCause() instanceof ProtocolException problem) {
                    throw problem;
                }
                throw new AssertionError(type + " threw something undeclared", e.getCause());
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }

        private List<List<Class<?>>> method(String name) {
            return Arrays.stream(type.getMethods())
                    .filter(method -> method.getName().equals(name))
                    .map(method -> List.<Class<?>>of(method.getParameterTypes()))
                    .toList();
        }

        private int constant(String name) {
            try {
                return type.getField(name).getInt(null);
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }
    }

    static List<Kind> kinds() {
        List<Kind> kinds = new ArrayList<>();
        for (String name : existing()) {
            try {
                Class<?> type = Class.forName(PACKAGE + "." + name);
                if (type.isRecord()
                        && Arrays.stream(type.getFields())
                                .anyMatch(f -> f.getName().equals("CALL"))) {
                    kinds.add(new Kind(type.asSubclass(Record.class)));
                }
            } catch (ClassNotFoundException e) {
                throw new LinkageError(e.getMessage(), e);
            }
        }
        return kinds;
    }

    private static List<String> existing() {
        try {
            URI classes =
                    WireConstants.class.getProtectionDomain().getCodeSource().getLocation().toURI();
            try (Stream<Path> files =
                    Files.list(Path.of(classes).resolve(PACKAGE.replace('.', '/')))) {
                return files.map(file -> file.getFileName().toString())
                        .filter(name -> name.endsWith(".class") && !name.startsWith("package"))
                        .map(name -> name.substring(0, name.length() - ".class".length()))
                        .sorted()
                        .toList();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    /// @return a record of the class whose fields are random within small limits
    static <T extends Record> T random(Class<T> type, SplittableRandom random) {
        RecordComponent[] components = type.getRecordComponents();
        Object[] values = new Object[components.length];
        Class<?>[] types = new Class<?>[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            values[i] = value(components[i], random);
        }
        try {
            return type.getDeclaredConstructor(types).newInstance(values);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static Object value(RecordComponent component, SplittableRandom random) {
        Class<?> type = component.getType();
        int count = random.nextInt(5);
        if (type == byte.class) {
            return (byte) random.nextInt();
        } else if (type == short.class) {
            return (short) random.nextInt();
        } else if (type == int.class) {
            return random.nextInt();
        } else if (type == long.class) {
            return random.nextLong();
        } else if (type == float.class) {
            return random.nextInt() / 16f;
        } else if (type == UUID.class) {
            return new UUID(random.nextLong(), random.nextLong());
        } else if (type == Secret.class) {
            return Secret.random(new SecureRandom());
        } else if (type == ContentHash.class) {
            return new ContentHash(
                    random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
        } else if (type == String.class) {
            return "_Z3addPfä€😀".substring(0, count * 2);
        } else if (type == ByteBuffer.class) {
            byte[] bytes = new byte[count * 7];
            random.nextBytes(bytes);
            return ByteBuffer.wrap(bytes).order(ORDER);
        } else if (type == int[].class) {
            return random.ints(count).toArray();
        } else if (type == long[].class) {
            return random.longs(count).toArray();
        } else if (type == List.class) {
            Class<?> element =
                    (Class<?>)
                            ((ParameterizedType) component.getGenericType())
                                    .getActualTypeArguments()[0];
            return Stream.generate(() -> random(element.asSubclass(Record.class), random))
                    .limit(count)
                    .toList();
        }
        return random(type.asSubclass(Record.class), random);
    }

    /// @return the frame of a message, with `payloadBytes` of zeros behind it where it has a
    ///   payload
    static ByteBuffer frame(Kind kind, Record message, int request, int payloadBytes) {
        ByteBuffer out = ByteBuffer.allocate(1 << 16).order(ORDER);
        try {
            if (kind.payload() || kind.hasRequest()) {
                int argument = kind.payload() ? payloadBytes : request;
                kind.type()
                        .getMethod("writeFrame", ByteBuffer.class, int.class)
                        .invoke(message, out, argument);
            } else {
                kind.type().getMethod("writeFrame", ByteBuffer.class).invoke(message, out);
            }
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
        if (kind.payload()) {
            out.put(new byte[payloadBytes]);
        }
        return out.flip().order(ORDER);
    }

    /// @return the fields as the C program of the cross-language test shows them
    static String shown(Record message) {
        StringBuilder text = new StringBuilder();
        for (RecordComponent component : message.getClass().getRecordComponents()) {
            Object value = get(message, component);
            if (value instanceof Record nested && !(value instanceof ContentHash)) {
                text.append(shown(nested));
            } else {
                text.append(' ')
                        .append(snake(component.getName()))
                        .append('=')
                        .append(shown(value));
            }
        }
        return text.toString();
    }

    private static String shown(Object value) {
        return switch (value) {
            case Byte number -> "%02x".formatted(number);
            case Short number -> "%04x".formatted(number);
            case Integer number -> "%08x".formatted(number);
            case Long number -> "%016x".formatted(number);
            case Float number -> "%08x".formatted(Float.floatToRawIntBits(number));
            case UUID id -> id.toString().replace("-", "");
            case Secret secret -> secret.hex();
            case ContentHash hash -> hash.hex();
            case String string -> hex(ByteBuffer.wrap(string.getBytes(StandardCharsets.UTF_8)));
            case ByteBuffer bytes -> hex(bytes.duplicate());
            case int[] numbers -> {
                ByteBuffer bytes = ByteBuffer.allocate(4 * numbers.length).order(ORDER);
                Arrays.stream(numbers).forEach(bytes::putInt);
                yield hex(bytes.flip());
            }
            case List<?> list -> {
                ByteBuffer bytes = ByteBuffer.allocate(1 << 16).order(ORDER);
                list.forEach(element -> write((Record) element, bytes));
                yield hex(bytes.flip());
            }
            default -> throw new AssertionError("cannot show " + value.getClass());
        };
    }

    private static void write(Record element, ByteBuffer out) {
        try {
            element.getClass().getMethod("write", ByteBuffer.class).invoke(element, out);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    private static String hex(ByteBuffer bytes) {
        StringBuilder text = new StringBuilder();
        while (bytes.hasRemaining()) {
            text.append("%02x".formatted(bytes.get()));
        }
        return text.toString();
    }

    /// `MemReadDone` → `mem_read_done`
    static String snake(String name) {
        return name.replaceAll("(?<=[a-z0-9])([A-Z])", "_$1").toLowerCase(java.util.Locale.ROOT);
    }

    private static Object get(Record message, RecordComponent component) {
        try {
            return component.getAccessor().invoke(message);
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }
}
