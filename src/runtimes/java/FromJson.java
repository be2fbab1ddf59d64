/*
 * What was read from JSON as an object of a type: numbers, text, enumerations, times, collections, maps, arrays, records and beans. As
 * in AWS's runtime unknown properties are passed over, an empty string is no object, and one value stands for a list of one.
 */
package lambkin.bootstrap;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collection;
import java.util.Collections;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

final class FromJson {
    /** Types of AWS's event library whose numbers for a time are seconds, not milliseconds. */
    private static final String EVENTS = "com.amazonaws.services.lambda.runtime.events.";

    private FromJson() {}

    static Object value(Object read, Type type) {
        return value(read, type, null);
    }

    private static Object value(Object read, Type type, Class<?> owner) {
        Class<?> raw = GenericTypes.raw(type);
        if (raw == Optional.class) {
            return Optional.ofNullable(value(read, GenericTypes.argument(type, Optional.class, 0), owner));
        }
        if (read == null) return raw.isPrimitive() ? zero(raw) : null;
        if (raw == Object.class || raw == java.io.Serializable.class) return plain(read);
        if (raw == String.class || raw == CharSequence.class) return text(read, raw);
        if (raw == boolean.class || raw == Boolean.class) return truth(read, raw);
        if (raw == char.class || raw == Character.class) return text(read, raw).charAt(0);
        if (raw.isPrimitive() || Number.class.isAssignableFrom(raw)) return number(read, raw);
        if (raw == byte[].class || raw == ByteBuffer.class) {
            byte[] bytes = Base64.getDecoder().decode(text(read, raw));
            return raw == byte[].class ? bytes : ByteBuffer.wrap(bytes);
        }
        if (raw.isArray()) return array(read, type instanceof Class ? raw.getComponentType() : Object.class, owner);
        if (Collection.class.isAssignableFrom(raw) || raw == Iterable.class) {
            return collection(read, raw, GenericTypes.argument(type, raw == Iterable.class ? raw : Collection.class, 0), owner);
        }
        if ("".equals(read)) return null;
        if (Map.class.isAssignableFrom(raw)) return map(read, type, raw, owner);
        if (raw.isEnum()) return constant(read, raw);
        if (Date.class == raw) return new Date(millis(read, owner));
        if (Instant.class == raw && read instanceof Number) return Instant.ofEpochMilli(millis(read, owner));
        if (read instanceof List && ((List<?>) read).size() == 1) return value(((List<?>) read).get(0), type, owner);
        if (read instanceof List && ((List<?>) read).isEmpty()) return null;
        if (read instanceof Map) return bean((Map<?, ?>) read, type, raw);
        return fromScalar(read, raw);
    }

    /** As it is, with decimals as Double and small whole numbers as Integer. */
    static Object plain(Object read) {
        if (read instanceof BigDecimal) return ((BigDecimal) read).doubleValue();
        if (read instanceof Long) {
            long number = (Long) read;
            return number == (int) number ? (Object) (int) number : read;
        }
        if (read instanceof List) {
            List<Object> list = new ArrayList<>();
            for (Object element : (List<?>) read) list.add(plain(element));
            return list;
        }
        if (read instanceof Map) {
            Map<Object, Object> map = new LinkedHashMap<>();
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) read).entrySet()) map.put(entry.getKey(), plain(entry.getValue()));
            return map;
        }
        return read;
    }

    private static String text(Object read, Class<?> wanted) {
        if (read instanceof Map || read instanceof List) throw mismatch(read, wanted);
        return read instanceof BigDecimal ? ((BigDecimal) read).toString() : read.toString();
    }

    private static Object truth(Object read, Class<?> wanted) {
        if (read instanceof Boolean) return read;
        if (read instanceof Long) return (Long) read != 0;
        if ("true".equals(read) || "false".equals(read)) return "true".equals(read);
        if ("".equals(read)) return wanted.isPrimitive() ? (Object) false : null;
        throw mismatch(read, wanted);
    }

    private static Object zero(Class<?> type) {
        if (type == boolean.class) return false;
        if (type == char.class) return '\0';
        return type == void.class ? null : number(0L, type);
    }

    private static Object number(Object read, Class<?> type) {
        if ("".equals(read)) return type.isPrimitive() ? number(0L, type) : null;
        Object given = read;
        if (given instanceof List && ((List<?>) given).size() == 1) given = ((List<?>) given).get(0);
        if (given instanceof String) given = ofText((String) given, type);
        if (!(given instanceof Number)) throw mismatch(read, type);
        Number number = (Number) given;
        if (type == double.class || type == Double.class) return number.doubleValue();
        if (type == float.class || type == Float.class) return number.floatValue();
        if (type == BigDecimal.class) return number instanceof BigDecimal ? number : new BigDecimal(number.toString());
        if (type == Number.class) return plain(number);
        BigInteger whole = number instanceof BigDecimal
            ? ((BigDecimal) number).toBigInteger()
            : number instanceof Double ? new BigDecimal(number.doubleValue()).toBigInteger() : new BigInteger(number.toString());
        if (type == BigInteger.class) return whole;
        if (type == long.class || type == Long.class) return within(whole, 63, type).longValue();
        if (type == int.class || type == Integer.class) return within(whole, 31, type).intValue();
        if (type == short.class || type == Short.class) return within(whole, 15, type).shortValue();
        if (type == byte.class || type == Byte.class) return within(whole, 8, type).byteValue();
        return fromScalar(whole.toString(), type); // AtomicInteger and its like
    }

    private static Object ofText(String text, Class<?> wanted) {
        try {
            return JsonReader.read(text.trim());
        } catch (IllegalArgumentException notOne) {
            throw mismatch(text, wanted);
        }
    }

    private static BigInteger within(BigInteger number, int bits, Class<?> type) {
        if (number.bitLength() <= bits) return number;
        throw new IllegalArgumentException("Numeric value (" + number + ") out of range of " + type.getSimpleName());
    }

    private static Object array(Object read, Class<?> component, Class<?> owner) {
        List<?> elements = read instanceof List ? (List<?>) read : Collections.singletonList(read);
        Object array = Array.newInstance(component, elements.size());
        for (int index = 0; index < elements.size(); index += 1) Array.set(array, index, value(elements.get(index), component, owner));
        return array;
    }

    private static Object collection(Object read, Class<?> raw, Type element, Class<?> owner) {
        if ("".equals(read)) return null;
        List<?> elements = read instanceof List ? (List<?>) read : Collections.singletonList(read);
        Collection<Object> collection = emptyCollection(raw);
        for (Object one : elements) collection.add(value(one, element, owner));
        return collection;
    }

    @SuppressWarnings("unchecked")
    private static Collection<Object> emptyCollection(Class<?> raw) {
        if (!raw.isInterface() && !Modifier.isAbstract(raw.getModifiers())) return (Collection<Object>) BeanType.of(raw).make();
        if (SortedSet.class.isAssignableFrom(raw)) return new TreeSet<>();
        if (Set.class.isAssignableFrom(raw)) return new LinkedHashSet<>();
        if (Queue.class.isAssignableFrom(raw)) return new ArrayDeque<>();
        return new ArrayList<>();
    }

    @SuppressWarnings("unchecked")
    private static Object map(Object read, Type type, Class<?> raw, Class<?> owner) {
        if (!(read instanceof Map)) throw mismatch(read, raw);
        Type keys = GenericTypes.argument(type, Map.class, 0);
        Type values = GenericTypes.argument(type, Map.class, 1);
        Map<Object, Object> map;
        if (!raw.isInterface() && !Modifier.isAbstract(raw.getModifiers())) map = (Map<Object, Object>) BeanType.of(raw).make();
        else map = SortedMap.class.isAssignableFrom(raw) ? new TreeMap<>() : new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : ((Map<?, ?>) read).entrySet()) {
            Object key = keys == Object.class ? entry.getKey() : value(entry.getKey(), keys, owner);
            map.put(key, value(entry.getValue(), values, owner));
        }
        return map;
    }

    /** null for a name that the enumeration does not have. */
    private static Object constant(Object read, Class<?> type) {
        Object[] constants = type.getEnumConstants();
        if (read instanceof Long) {
            long index = (Long) read;
            return index >= 0 && index < constants.length ? constants[(int) index] : null;
        }
        for (Object one : constants) if (((Enum<?>) one).name().equals(read)) return one;
        return null;
    }

    private static long millis(Object read, Class<?> owner) {
        boolean seconds = owner != null && owner.getName().startsWith(EVENTS);
        if (read instanceof Number) {
            BigDecimal number = new BigDecimal(read.toString());
            return (seconds ? number.movePointRight(3) : number).longValue();
        }
        return java.time.OffsetDateTime.parse(text(read, Date.class)).toInstant().toEpochMilli();
    }

    private static Object bean(Map<?, ?> read, Type type, Class<?> raw) {
        BeanType bean = BeanType.of(raw);
        if (bean.isRecord()) return record(bean, read, type, raw);
        Object made = bean.make();
        for (Map.Entry<?, ?> entry : read.entrySet()) {
            BeanType.Property property = bean.writable((String) entry.getKey());
            if (property == null) continue;
            Object value = value(entry.getValue(), bean.typeOf(property, type), raw);
            if (value != null || entry.getValue() == null && !property.isPrimitive()) property.set(made, value);
        }
        return made;
    }

    private static Object record(BeanType bean, Map<?, ?> read, Type type, Class<?> raw) {
        List<BeanType.Property> components = bean.components();
        Object[] arguments = new Object[components.size()];
        for (int index = 0; index < arguments.length; index += 1) {
            BeanType.Property component = components.get(index);
            arguments[index] = value(read.get(component.name), bean.typeOf(component, type), raw);
        }
        return bean.make(arguments);
    }

    /** Types that are made of a text or a number: UUID, java.time, Joda, and what is made like them. */
    private static Object fromScalar(Object read, Class<?> type) {
        for (Class<?> taken : Arrays.asList(String.class, CharSequence.class, Object.class)) {
            for (String name : Arrays.asList("parse", "fromString", "valueOf", "of")) {
                try {
                    Method method = type.getMethod(name, taken);
                    if (Modifier.isStatic(method.getModifiers()) && type.isAssignableFrom(method.getReturnType())) {
                        return method.invoke(null, text(read, type));
                    }
                } catch (NoSuchMethodException absent) {
                    // The next may be there.
                } catch (ReflectiveOperationException thrown) {
                    throw Fault.<RuntimeException>rethrow(Fault.unwrapped(thrown));
                }
            }
        }
        for (Constructor<?> constructor : type.getConstructors()) {
            Class<?>[] parameters = constructor.getParameterTypes();
            if (parameters.length != 1 || parameters[0] != String.class && !parameters[0].isPrimitive()) continue;
            try {
                return constructor.newInstance(value(read, parameters[0], null));
            } catch (ReflectiveOperationException thrown) {
                throw Fault.<RuntimeException>rethrow(Fault.unwrapped(thrown));
            } catch (IllegalArgumentException other) {
                // It takes another kind of value.
            }
        }
        throw mismatch(read, type);
    }

    private static IllegalArgumentException mismatch(Object read, Class<?> wanted) {
        String kind = read instanceof Map ? "an object" : read instanceof List ? "an array" : read instanceof String ? "a string" : read instanceof Boolean ? "a boolean" : "a number";
        return new IllegalArgumentException("Cannot deserialize an instance of " + wanted.getName() + " out of " + kind);
    }
}
