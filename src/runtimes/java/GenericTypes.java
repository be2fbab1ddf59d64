/* What a class made of the type parameters of a class or interface above it. */
package lambkin.bootstrap;

import java.lang.reflect.GenericArrayType;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.lang.reflect.WildcardType;
import java.util.HashMap;
import java.util.Map;

final class GenericTypes {
    private GenericTypes() {}

    /** The arguments that `type` has for the parameters of `above`; null where it gives none. */
    static Type[] argumentsOf(Class<?> type, Class<?> above) {
        TypeVariable<?>[] parameters = above.getTypeParameters();
        Map<TypeVariable<?>, Type> known = new HashMap<>();
        collect(type, known);
        Type[] arguments = new Type[parameters.length];
        for (int index = 0; index < parameters.length; index += 1) {
            if (!known.containsKey(parameters[index])) return null;
            arguments[index] = substitute(parameters[index], known);
        }
        return arguments;
    }

    /** A type as it stands in `declaring`, seen from `type`, which extends or implements it. */
    static Type resolve(Type seen, Class<?> type, Class<?> declaring) {
        if (seen instanceof Class || type == declaring && !(seen instanceof TypeVariable)) return seen;
        Map<TypeVariable<?>, Type> known = new HashMap<>();
        collect(type, known);
        return substitute(seen, known);
    }

    /** A parameter about which nothing is known. */
    static boolean isUnbounded(Type type) {
        if (!(type instanceof TypeVariable)) return false;
        for (Type bound : ((TypeVariable<?>) type).getBounds()) if (bound != Object.class) return false;
        return true;
    }

    /** The class of a type without its arguments. */
    static Class<?> raw(Type type) {
        if (type instanceof Class) return (Class<?>) type;
        if (type instanceof ParameterizedType) return raw(((ParameterizedType) type).getRawType());
        if (type instanceof WildcardType) return raw(((WildcardType) type).getUpperBounds()[0]);
        if (type instanceof TypeVariable) return raw(((TypeVariable<?>) type).getBounds()[0]);
        return Object[].class;
    }

    /** The argument at `index` of a type, Object where it has none. */
    static Type argument(Type type, Class<?> above, int index) {
        Map<TypeVariable<?>, Type> known = new HashMap<>();
        learn(type, known);
        collect(raw(type), known);
        TypeVariable<?>[] parameters = above.getTypeParameters();
        if (index >= parameters.length) return Object.class;
        Type found = substitute(parameters[index], known);
        return found instanceof TypeVariable ? raw(found) : found;
    }

    static Type substitute(Type type, Map<TypeVariable<?>, Type> known) {
        Type found = type;
        for (int steps = 0; found instanceof TypeVariable && known.containsKey(found) && steps < 64; steps += 1) {
            found = known.get(found);
        }
        if (found instanceof ParameterizedType) return new Substituted((ParameterizedType) found, known);
        return found;
    }

    /** What a type says about the parameters of its class. */
    static void learn(Type type, Map<TypeVariable<?>, Type> known) {
        if (!(type instanceof ParameterizedType)) return;
        ParameterizedType parameterized = (ParameterizedType) type;
        TypeVariable<?>[] parameters = raw(parameterized).getTypeParameters();
        Type[] arguments = parameterized.getActualTypeArguments();
        for (int index = 0; index < parameters.length; index += 1) known.putIfAbsent(parameters[index], arguments[index]);
    }

    /** Everything that a class says about the parameters of those above it. */
    static void collect(Class<?> type, Map<TypeVariable<?>, Type> known) {
        for (Type above : type.getGenericInterfaces()) {
            learn(above, known);
            collect(raw(above), known);
        }
        Type superclass = type.getGenericSuperclass();
        if (superclass == null || superclass instanceof GenericArrayType) return;
        learn(superclass, known);
        collect(raw(superclass), known);
    }

    /** A parameterized type whose arguments are filled in. */
    private static final class Substituted implements ParameterizedType {
        private final ParameterizedType type;
        private final Type[] arguments;

        Substituted(ParameterizedType type, Map<TypeVariable<?>, Type> known) {
            this.type = type;
            this.arguments = type.getActualTypeArguments();
            for (int index = 0; index < arguments.length; index += 1) {
                // A parameter that stands for itself would never end.
                if (arguments[index] != known.get(arguments[index])) arguments[index] = substitute(arguments[index], known);
            }
        }

        @Override
        public Type[] getActualTypeArguments() {
            return arguments.clone();
        }

        @Override
        public Type getRawType() {
            return type.getRawType();
        }

        @Override
        public Type getOwnerType() {
            return type.getOwnerType();
        }
    }
}
