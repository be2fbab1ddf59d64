/* Objects as JSON text: what JSON knows as it is, everything else by its properties, without those that are null. */
package lambkin.bootstrap;

import java.lang.reflect.Array;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.temporal.TemporalAccessor;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;

final class JsonWriter {
    /** A structure that is deeper holds itself. */
    private static final int DEPTH_MAX = 1000;

    private final StringBuilder text = new StringBuilder();
    private int depth;

    private JsonWriter() {}

    static String write(Object value) {
        JsonWriter writer = new JsonWriter();
        writer.value(value);
        return writer.text.toString();
    }

    static byte[] bytes(Object value) {
        return write(value).getBytes(StandardCharsets.UTF_8);
    }

    private void value(Object value) {
        if (value == null || value instanceof Boolean) text.append(value);
        else if (value instanceof AtomicBoolean) text.append(value);
        else if (value instanceof Double || value instanceof Float) floating((Number) value);
        else if (value instanceof Number) text.append(value);
        else if (value instanceof CharSequence || value instanceof Character || value instanceof UUID) string(value.toString());
        else if (value instanceof Enum) string(((Enum<?>) value).name());
        else if (value instanceof Optional) value(((Optional<?>) value).orElse(null));
        else if (value instanceof Date) text.append(((Date) value).getTime());
        else if (value instanceof TemporalAccessor) string(value.toString());
        else if (value instanceof char[]) string(new String((char[]) value));
        else if (value instanceof byte[]) string(Base64.getEncoder().encodeToString((byte[]) value));
        else if (value instanceof ByteBuffer) buffer((ByteBuffer) value);
        else structure(value);
    }

    private void structure(Object value) {
        depth += 1;
        if (depth > DEPTH_MAX) throw new IllegalArgumentException("Nested deeper than " + DEPTH_MAX + ": does it hold itself?");
        if (value instanceof Map) map((Map<?, ?>) value);
        else if (value instanceof Iterable) elements(((Iterable<?>) value).iterator());
        else if (value instanceof Iterator) elements((Iterator<?>) value);
        else if (value.getClass().isArray()) array(value);
        else bean(value);
        depth -= 1;
    }

    private void floating(Number value) {
        double number = value.doubleValue();
        if (Double.isNaN(number) || Double.isInfinite(number)) string(value.toString());
        else text.append(value);
    }

    private void buffer(ByteBuffer value) {
        byte[] bytes = new byte[value.remaining()];
        value.duplicate().get(bytes);
        string(Base64.getEncoder().encodeToString(bytes));
    }

    private void map(Map<?, ?> map) {
        char separator = '{';
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            text.append(separator);
            separator = ',';
            string(String.valueOf(entry.getKey()));
            text.append(':');
            value(entry.getValue());
        }
        text.append(separator == '{' ? "{}" : "}");
    }

    private void elements(Iterator<?> elements) {
        char separator = '[';
        while (elements.hasNext()) {
            text.append(separator);
            separator = ',';
            value(elements.next());
        }
        text.append(separator == '[' ? "[]" : "]");
    }

    private void array(Object array) {
        text.append('[');
        for (int index = 0; index < Array.getLength(array); index += 1) {
            if (index > 0) text.append(',');
            value(Array.get(array, index));
        }
        text.append(']');
    }

    private void bean(Object bean) {
        char separator = '{';
        for (BeanType.Property property : BeanType.of(bean.getClass()).properties()) {
            if (!property.isReadable()) continue;
            Object value = property.get(bean);
            if (value == null || value instanceof Optional && !((Optional<?>) value).isPresent()) continue;
            text.append(separator);
            separator = ',';
            string(property.name);
            text.append(':');
            value(value);
        }
        text.append(separator == '{' ? "{}" : "}");
    }

    private void string(String value) {
        text.append('"');
        for (int index = 0; index < value.length(); index += 1) {
            char unit = value.charAt(index);
            switch (unit) {
                case '"':
                    text.append("\\\"");
                    break;
                case '\\':
                    text.append("\\\\");
                    break;
                case '\n':
                    text.append("\\n");
                    break;
                case '\r':
                    text.append("\\r");
                    break;
                case '\t':
                    text.append("\\t");
                    break;
                default:
                    if (unit < ' ' || Character.isSurrogate(unit) && !isPaired(value, index)) {
                        text.append(String.format("\\u%04x", (int) unit));
                    } else {
                        text.append(unit);
                    }
            }
        }
        text.append('"');
    }

    private static boolean isPaired(String value, int index) {
        char unit = value.charAt(index);
        return Character.isHighSurrogate(unit)
            ? index + 1 < value.length() && Character.isLowSurrogate(value.charAt(index + 1))
            : index > 0 && Character.isHighSurrogate(value.charAt(index - 1));
    }
}
