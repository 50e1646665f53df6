package org.bitfusion.tls.store;

import java.util.regex.Pattern;

/// A record's place: a folder and a name, neither of which can lead out of the store.
public record RecordPath(String folder, String name) implements Comparable<RecordPath> {
    private static final Pattern PART = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,99}");

    public RecordPath {
        requirePart("folder", folder);
        requirePart("name", name);
    }

    static void requirePart(String what, String part) {
        if (!PART.matcher(part).matches()) {
            throw new IllegalArgumentException(
                    what + ": " + part + " (expected: letters, digits, '-' and '_')");
        }
    }

    @Override
    public int compareTo(RecordPath other) {
        int folders = folder.compareTo(other.folder);
        return folders != 0 ? folders : name.compareTo(other.name);
    }

    @Override
    public String toString() {
        return folder + "/" + name;
    }
}
