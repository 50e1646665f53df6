/// Tests of files with secrets.
@NullMarked
package org.bitfusion.tls.file;

import org.jspecify.annotations.NullMarked;
