/// What a session's bytes come over: a socket, or TLS over one. Never knows what the bytes mean.
@NullMarked
package org.bitfusion.worker.channel;

import org.jspecify.annotations.NullMarked;
