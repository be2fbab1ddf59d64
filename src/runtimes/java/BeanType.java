/*
 * A class as JSON sees it: properties with getters and setters, public fields, or the components of a record. Property names are those
 * of getters and setters with a small first letter; when reading, the case of letters does not matter, because AWS's events (`Records`,
 * `eventSourceARN`) have names that no getter has.
 */
package lambkin.bootstrap;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

final class BeanType {
    private static final Map<Class<?>, BeanType> KNOWN = new ConcurrentHashMap<>();

    static final class Property {
        final String name;
        private Method getter;
        private Method setter;
        private Field field;
        private Type type;

        Property(String name) {
            this.name = name;
        }

        boolean isPrimitive() {
            return type instanceof Class && ((Class<?>) type).isPrimitive();
        }

        boolean isReadable() {
            return getter != null || field != null;
        }

        Object get(Object bean) {
            try {
                return getter != null ? getter.invoke(bean) : field.get(bean);
            } catch (ReflectiveOperationException thrown) {
                throw Fault.<RuntimeException>rethrow(Fault.unwrapped(thrown));
            }
        }

        void set(Object bean, Object value) {
            try {
                if (setter != null) setter.invoke(bean, value);
                else field.set(bean, value);
            } catch (ReflectiveOperationException thrown) {
                throw Fault.<RuntimeException>rethrow(Fault.unwrapped(thrown));
            }
        }
    }

    private final Class<?> type;
    private final Map<String, Property> properties = new LinkedHashMap<>();
    private final Map<String, Property> anyCase = new HashMap<>();
    private final List<Property> components = new ArrayList<>();
    private final boolean record;

    private BeanType(Class<?> type) {
        this.type = type;
        Class<?> superclass = type.getSuperclass();
        this.record = superclass != null && superclass.getName().equals("java.lang.Record");
        if (record) takeComponents();
        else takeProperties();
        for (Property property : properties.values()) {
            if (property.setter != null || property.field != null) anyCase.putIfAbsent(lower(property.name), property);
        }
    }

    static BeanType of(Class<?> type) {
        BeanType known = KNOWN.get(type);
        if (known != null) return known;
        BeanType made = new BeanType(type);
        KNOWN.put(type, made);
        return made;
    }

    boolean isRecord() {
        return record;
    }

    List<Property> components() {
        return components;
    }

    Collection<Property> properties() {
        return properties.values();
    }

    /** The property of that name that can be set; null: there is none. */
    Property writable(String name) {
        Property exact = properties.get(name);
        boolean settable = exact != null && (exact.setter != null || exact.field != null);
        return settable ? exact : anyCase.get(lower(name));
    }

    /** Its type in an object whose type is `whole`. */
    Type typeOf(Property property, Type whole) {
        if (property.type instanceof Class) return property.type;
        Map<TypeVariable<?>, Type> known = new HashMap<>();
        GenericTypes.learn(whole, known);
        GenericTypes.collect(type, known);
        return GenericTypes.substitute(property.type, known);
    }

    Object make(Object... arguments) {
        if (type.isInterface() || Modifier.isAbstract(type.getModifiers())) {
            throw new IllegalArgumentException("Cannot construct an instance of " + type.getName() + ": it is abstract");
        }
        try {
            Constructor<?> constructor = record ? type.getDeclaredConstructors()[0] : type.getDeclaredConstructor();
            for (Constructor<?> other : type.getDeclaredConstructors()) {
                if (record && isCanonical(other)) constructor = other;
            }
            open(constructor);
            return constructor.newInstance(arguments);
        } catch (NoSuchMethodException missing) {
            throw new IllegalArgumentException("Cannot construct an instance of " + type.getName() + ": it has no zero-argument constructor");
        } catch (InvocationTargetException thrown) {
            throw Fault.<RuntimeException>rethrow(Fault.unwrapped(thrown));
        } catch (ReflectiveOperationException refused) {
            throw new IllegalArgumentException("Cannot construct an instance of " + type.getName(), refused);
        }
    }

    private boolean isCanonical(Constructor<?> constructor) {
        Class<?>[] parameters = constructor.getParameterTypes();
        if (parameters.length != components.size()) return false;
        for (int index = 0; index < parameters.length; index += 1) {
            if (parameters[index] != GenericTypes.raw(components.get(index).type)) return false;
        }
        return true;
    }

    /** A record's fields are its components, in their order. */
    private void takeComponents() {
        for (Field field : type.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())) continue;
            Property component = new Property(field.getName());
            component.type = field.getGenericType();
            try {
                component.getter = type.getDeclaredMethod(field.getName());
                open(component.getter);
            } catch (NoSuchMethodException impossible) {
                throw new IllegalStateException(impossible);
            }
            components.add(component);
            properties.put(component.name, component);
        }
    }

    private void takeProperties() {
        // The order of fields is the order in which people wrote them; methods have none.
        for (Class<?> part = type; part != null && part != Object.class; part = part.getSuperclass()) {
            for (Field field : part.getDeclaredFields()) {
                int modifiers = field.getModifiers();
                if (Modifier.isStatic(modifiers) || Modifier.isTransient(modifiers)) continue;
                Property property = properties.computeIfAbsent(field.getName(), Property::new);
                if (!Modifier.isPublic(modifiers) || property.field != null) continue;
                property.field = field;
                property.type = field.getGenericType();
                open(field);
            }
        }
        for (Method method : type.getMethods()) takeMethod(method);
        properties.values().removeIf(property -> property.type == null);
    }

    private void takeMethod(Method method) {
        int count = method.getParameterCount();
        if (Modifier.isStatic(method.getModifiers()) || method.isBridge() || method.getDeclaringClass() == Object.class || count > 1) return;
        String name = method.getName();
        Class<?> returned = method.getReturnType();
        boolean is = name.startsWith("is") && (returned == boolean.class || returned == Boolean.class);
        if (count == 1 && name.startsWith("set") && name.length() > 3) {
            Property property = properties.computeIfAbsent(decapitalized(name.substring(3)), Property::new);
            Type taken = method.getGenericParameterTypes()[0];
            // Of several setters the one that takes what the getter gives.
            if (property.setter != null && property.getter != null && property.getter.getGenericReturnType() != taken) return;
            property.setter = method;
            property.type = taken;
            open(method);
        } else if (count == 0 && returned != void.class && (is || name.startsWith("get") && name.length() > 3)) {
            if (is && name.length() == 2) return;
            Property property = properties.computeIfAbsent(decapitalized(name.substring(is ? 2 : 3)), Property::new);
            property.getter = method;
            if (property.setter == null && property.type == null) property.type = method.getGenericReturnType();
            open(method);
        }
    }

    private static String decapitalized(String name) {
        boolean acronym = name.length() > 1 && Character.isUpperCase(name.charAt(0)) && Character.isUpperCase(name.charAt(1));
        return acronym ? name : name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT);
    }

    private static void open(AccessibleObject member) {
        try {
            member.setAccessible(true);
        } catch (RuntimeException refused) {
            // Of a module that is closed: using it says so.
        }
    }
}
