package org.bitfusion.cli.pool;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// An object of an answer, whose members are what they should be or are named as what is wrong.
///
/// @param members in their order
public record JsonObject(Map<String, @Nullable Object> members) {
    /// Reads an object.
    public static JsonObject read(byte[] text) throws MalformedJsonException {
        return of(Json.read(text), "is no object");
    }

    /// Reads an array of objects.
    public static List<JsonObject> readAll(byte[] text) throws MalformedJsonException {
        return all(Json.read(text), "is no array");
    }

    private static JsonObject of(@Nullable Object value, String problem)
            throws MalformedJsonException {
        if (!(value instanceof Map<?, ?> map)) {
            throw new MalformedJsonException(problem);
        }
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        map.forEach((name, member) -> members.put(String.valueOf(name), member));
        return new JsonObject(members);
    }

    private static List<JsonObject> all(@Nullable Object value, String problem)
            throws MalformedJsonException {
        if (!(value instanceof List<?> list)) {
            throw new MalformedJsonException(problem);
        }
        List<JsonObject> objects = new ArrayList<>();
        for (Object element : list) {
            objects.add(of(element, problem));
        }
        return objects;
    }

    public String text(String name) throws MalformedJsonException {
        if (members.get(name) instanceof String text) {
            return text;
        }
        throw lacks(name, "a text");
    }

    /// Empty where it is null or not there; a number as its digits.
    public Optional<String> anyText(String name) {
        Object value = members.get(name);
        return value == null ? Optional.empty() : Optional.of(value.toString());
    }

    public long number(String name) throws MalformedJsonException {
        if (members.get(name) instanceof Long number) {
            return number;
        }
        throw lacks(name, "a whole number");
    }

    /// @param least and the largest that makes sense
    public int number(String name, int least, int most) throws MalformedJsonException {
        long number = number(name);
        if (number < least || number > most) {
            throw lacks(name, "a number from " + least + " to " + most);
        }
        return (int) number;
    }

    public UUID uuid(String name) throws MalformedJsonException {
        try {
            return UUID.fromString(text(name));
        } catch (IllegalArgumentException _) {
            throw lacks(name, "a UUID");
        }
    }

    public List<JsonObject> objects(String name) throws MalformedJsonException {
        return all(members.get(name), "has no '" + name + "' that is an array of objects");
    }

    /// None where it is not there: an older release does not say it.
    public List<JsonObject> anyObjects(String name) throws MalformedJsonException {
        return members.get(name) == null ? List.of() : objects(name);
    }

    public List<String> texts(String name) throws MalformedJsonException {
        if (!(members.get(name) instanceof List<?> list)) {
            throw lacks(name, "an array");
        }
        List<String> texts = new ArrayList<>();
        for (Object element : list) {
            if (!(element instanceof String text)) {
                throw lacks(name, "an array of texts");
            }
            texts.add(text);
        }
        return texts;
    }

    private static MalformedJsonException lacks(String name, String what) {
        return new MalformedJsonException("has no '" + name + "' that is " + what);
    }
}
