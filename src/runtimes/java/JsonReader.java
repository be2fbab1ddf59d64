/*
 * JSON text as maps, lists, strings, booleans, Long, BigInteger and BigDecimal. A little more is let through than JSON has, as the
 * reader of AWS's runtime does: names without quotes, single quotes, NaN and Infinity.
 */
package lambkin.bootstrap;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

final class JsonReader {
    private static final int DEPTH_MAX = 1000;
    /** Digits of a number: more would take too long to read. */
    private static final int DIGITS_MAX = 1000;
    private static final int LONG_DIGITS = 18;

    private final String text;
    private int at;
    private int depth;

    private JsonReader(String text) {
        this.text = text;
    }

    /** Throws IllegalArgumentException for what is not JSON. */
    static Object read(String text) {
        JsonReader reader = new JsonReader(text);
        Object value = reader.value();
        reader.space();
        if (reader.at < text.length()) throw reader.unexpected();
        return value;
    }

    private Object value() {
        space();
        if (at >= text.length()) throw new IllegalArgumentException("Unexpected end of JSON input");
        char first = text.charAt(at);
        switch (first) {
            case '{':
                return object();
            case '[':
                return array();
            case '"':
            case '\'':
                return string(first);
            case 't':
                return word("true", true);
            case 'f':
                return word("false", false);
            case 'n':
                return word("null", null);
            case 'N':
                return word("NaN", Double.NaN);
            case 'I':
                return word("Infinity", Double.POSITIVE_INFINITY);
            default:
                return number();
        }
    }

    private Object word(String word, Object value) {
        if (!text.startsWith(word, at)) throw unexpected();
        at += word.length();
        return value;
    }

    private Map<String, Object> object() {
        enter();
        Map<String, Object> object = new LinkedHashMap<>();
        at += 1;
        space();
        while (!taken('}')) {
            if (!object.isEmpty()) {
                expect(',');
                space();
            }
            String name = name();
            space();
            expect(':');
            object.put(name, value());
            space();
        }
        depth -= 1;
        return object;
    }

    private String name() {
        char first = here();
        if (first == '"' || first == '\'') return string(first);
        int start = at;
        while (at < text.length() && Character.isJavaIdentifierPart(text.charAt(at))) at += 1;
        if (at == start) throw unexpected();
        return text.substring(start, at);
    }

    private List<Object> array() {
        enter();
        List<Object> array = new ArrayList<>();
        at += 1;
        space();
        while (!taken(']')) {
            if (!array.isEmpty()) expect(',');
            array.add(value());
            space();
        }
        depth -= 1;
        return array;
    }

    private String string(char quote) {
        at += 1;
        int end = at;
        while (end < text.length() && text.charAt(end) != quote && text.charAt(end) != '\\') end += 1;
        if (end < text.length() && text.charAt(end) == quote) {
            String plain = text.substring(at, end);
            at = end + 1;
            return plain;
        }
        StringBuilder built = new StringBuilder(text.substring(at, end));
        at = end;
        for (char next = here(); next != quote; next = here()) {
            at += 1;
            built.append(next == '\\' ? escaped() : next);
        }
        at += 1;
        return built.toString();
    }

    private char escaped() {
        char kind = here();
        at += 1;
        switch (kind) {
            case 'n':
                return '\n';
            case 't':
                return '\t';
            case 'r':
                return '\r';
            case 'b':
                return '\b';
            case 'f':
                return '\f';
            case 'u':
                if (at + 4 > text.length()) throw unexpected();
                int unit = 0;
                for (int index = 0; index < 4; index += 1) {
                    int digit = Character.digit(text.charAt(at), 16);
                    if (digit < 0) throw unexpected();
                    unit = unit * 16 + digit;
                    at += 1;
                }
                return (char) unit;
            default:
                return kind;
        }
    }

    private Number number() {
        int start = at;
        if (text.startsWith("-Infinity", at)) {
            at += 9;
            return Double.NEGATIVE_INFINITY;
        }
        boolean whole = true;
        for (; at < text.length(); at += 1) {
            char next = text.charAt(at);
            if (next == '.' || next == 'e' || next == 'E') whole = false;
            else if (next != '-' && next != '+' && (next < '0' || next > '9')) break;
        }
        String digits = text.substring(start, at);
        if (digits.isEmpty()) throw unexpected();
        if (digits.length() > DIGITS_MAX) throw new IllegalArgumentException("A number of " + digits.length() + " characters");
        try {
            if (!whole) return decimal(digits);
            if (digits.length() <= LONG_DIGITS) return Long.valueOf(digits);
            BigInteger large = new BigInteger(digits);
            return large.bitLength() < 64 ? (Number) large.longValue() : large;
        } catch (NumberFormatException malformed) {
            at = start;
            throw unexpected();
        }
    }

    /** An exponent beyond a double's would make a number of endless length, should somebody want it whole. */
    private static Number decimal(String digits) {
        BigDecimal exact = new BigDecimal(digits);
        return Math.abs((long) exact.scale()) > DIGITS_MAX ? (Number) exact.doubleValue() : exact;
    }

    private void enter() {
        depth += 1;
        if (depth > DEPTH_MAX) throw new IllegalArgumentException("JSON is nested deeper than " + DEPTH_MAX);
    }

    private char here() {
        if (at >= text.length()) throw new IllegalArgumentException("Unexpected end of JSON input");
        return text.charAt(at);
    }

    private boolean taken(char wanted) {
        if (here() != wanted) return false;
        at += 1;
        return true;
    }

    private void expect(char wanted) {
        if (!taken(wanted)) throw unexpected();
    }

    private void space() {
        while (at < text.length() && text.charAt(at) <= ' ') at += 1;
    }

    private IllegalArgumentException unexpected() {
        if (at >= text.length()) return new IllegalArgumentException("Unexpected end of JSON input");
        return new IllegalArgumentException("Unexpected character '" + text.charAt(at) + "' at position " + at + " of JSON input");
    }
}
