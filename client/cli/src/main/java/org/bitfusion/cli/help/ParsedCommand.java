package org.bitfusion.cli.help;

/// A command whose options picocli has filled in.
interface ParsedCommand {
    /// Executes it; returns the exit code.
    int call() throws Exception;
}
