package org.bitfusion.systemtests.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.bitfusion.systemtests.Repository;
import org.junit.jupiter.api.Test;

/// docs/SEMANTICS.md names every test of the C programs, and no other.
class SemanticsDocumentTest {
    private static final Pattern NAMED = Pattern.compile("`([a-z]+(?:_[a-z0-9]+){1,})`");
    private static final Pattern TEST = Pattern.compile("\\bT\\((\\w+)\\)(?=,)");

    @Test
    void theDocumentAndTheProgramsNameTheSameTests() throws IOException {
        String document = Files.readString(Repository.root().resolve("docs/SEMANTICS.md"));
        Set<String> named =
                new TreeSet<>(NAMED.matcher(document).results().map(m -> m.group(1)).toList());
        Set<String> tests = new TreeSet<>();
        Path sources = Repository.root().resolve("appliance/system-tests/src/test/c");
        for (String file :
                Set.of(
                        "addresses.c",
                        "descriptors.c",
                        "errors.c",
                        "images.c",
                        "memory.c",
                        "peers.c",
                        "pinned.c",
                        "process.c",
                        "refusals.c",
                        "servers.c",
                        "threads.c",
                        "waits.c")) {
            TEST.matcher(Files.readString(sources.resolve(file)))
                    .results()
                    .forEach(m -> tests.add(m.group(1)));
        }
        Set<String> programsOfOtherTests =
                Set.of(
                        "works_until_it_fails",
                        "waits_then_works",
                        "waits_for_a_server_that_dies",
                        "waits_for_a_callback_of_a_server_that_dies",
                        "copies_are_whole_whatever_breaks",
                        "copies_until_a_server_dies",
                        "copies_twice");
        assertThat(named)
                .isEqualTo(
                        tests.stream()
                                .filter(test -> !programsOfOtherTests.contains(test))
                                .collect(Collectors.toCollection(TreeSet::new)));
        assertThat(named).hasSizeGreaterThan(40);
    }
}
