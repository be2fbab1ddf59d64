/* A part of an array of bytes: the event of an invoke, as it stands in its frame. */
package lambkin.bootstrap;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

final class ByteRange {
    private final byte[] bytes;
    private final int start;
    private final int length;

    ByteRange(byte[] bytes, int start, int length) {
        this.bytes = bytes;
        this.start = start;
        this.length = length;
    }

    InputStream stream() {
        return new ByteArrayInputStream(bytes, start, length);
    }

    String text() {
        return new String(bytes, start, length, StandardCharsets.UTF_8);
    }
}
