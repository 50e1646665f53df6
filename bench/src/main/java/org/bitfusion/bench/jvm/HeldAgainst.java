package org.bitfusion.bench.jvm;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Makes a benchmark a row of the table. A benchmark without is only a reference of others.
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface HeldAgainst {
    /// The row's name; fixed, because other programs read it from the JSON file.
    String row();

    /// The benchmark method of the same class that is the reference.
    String reference();

    /// What the reference is, in words.
    String words();
}
