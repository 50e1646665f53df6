/// Administrators: names, roles, passwords, attempts; never keeps a password and never tells who
/// exists.
@NullMarked
package org.bitfusion.tls.user;

import org.jspecify.annotations.NullMarked;
