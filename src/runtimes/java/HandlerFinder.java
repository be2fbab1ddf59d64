/*
 * From `package.Class` or `package.Class::method` to something that can be called. The interfaces of aws-lambda-java-core come with the
 * function, if it has them, and are known here by their names only.
 *
 * Of several methods with the name the one with the longest signature counts, where a last parameter of type Context counts twice.
 */
package lambkin.bootstrap;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

final class HandlerFinder {
    static final String CORE = "com.amazonaws.services.lambda.runtime.";
    private static final String METHOD = "handleRequest";

    private final ClassLoader loader;
    private final Class<?> context;

    private HandlerFinder(ClassLoader loader) {
        this.loader = loader;
        this.context = core("Context");
    }

    /** Throws a Fault where there is none. */
    static Handler find(String handler, ClassLoader loader, Log log) {
        int separator = handler.lastIndexOf("::");
        String className = separator < 0 ? handler : handler.substring(0, separator);
        String methodName = separator < 0 ? null : handler.substring(separator + 2);
        if (className.isEmpty() || methodName != null && methodName.isEmpty()) {
            throw Fault.of("Invalid handler: `" + handler + "'");
        }
        Class<?> found;
        try {
            found = Class.forName(className, true, loader);
        } catch (ClassNotFoundException missing) {
            throw Fault.loading("Class not found: " + className, missing, false);
        } catch (Throwable thrown) {
            String detail = thrown.getMessage() == null ? "" : ": " + thrown.getMessage();
            throw Fault.loading("Error loading class " + className + detail, thrown, !(thrown instanceof NoClassDefFoundError));
        }
        InvokeFacts.offerLogger(loader, log);
        HandlerFinder finder = new HandlerFinder(loader);
        return methodName == null ? finder.ofInterface(found) : finder.ofMethod(found, methodName);
    }

    private Class<?> core(String name) {
        try {
            return Class.forName(CORE + name, false, loader);
        } catch (ClassNotFoundException | LinkageError absent) {
            return null;
        }
    }

    private Handler ofInterface(Class<?> type) {
        Class<?> streams = core("RequestStreamHandler");
        if (streams != null && streams.isAssignableFrom(type)) {
            Object instance = instanceOf(type);
            Method method = declared(streams);
            return (event, facts) -> {
                ByteArrayOutputStream output = new ByteArrayOutputStream(1024);
                invoke(method, instance, event.stream(), output, facts.context(context));
                return output.toByteArray();
            };
        }
        Class<?> objects = core("RequestHandler");
        if (objects == null || !objects.isAssignableFrom(type)) {
            throw Fault.of("Class does not implement an appropriate handler interface: " + type.getName());
        }
        Type[] arguments = GenericTypes.argumentsOf(type, objects);
        if (arguments == null) {
            throw Fault.of("Class " + type.getName() + " does not implement RequestHandler with concrete type parameters");
        }
        for (Type argument : arguments) {
            if (GenericTypes.isUnbounded(argument)) {
                throw Fault.of("Class " + type.getName() + " does not implement RequestHandler with concrete type parameters: "
                    + "parameter " + argument + " has no upper bound.");
            }
        }
        Object instance = instanceOf(type);
        Method method = declared(objects);
        return (event, facts) -> {
            Object input = parsed(event, arguments[0]);
            return written(invoke(method, instance, input, facts.context(context)), arguments[1]);
        };
    }

    private static Method declared(Class<?> type) {
        for (Method method : type.getMethods()) if (method.getName().equals(METHOD)) return method;
        throw Fault.of("Class does not implement an appropriate handler interface: " + type.getName());
    }

    private Handler ofMethod(Class<?> type, String name) {
        List<Method> methods = new ArrayList<>();
        try {
            for (Method method : type.getMethods()) if (method.getName().equals(name)) methods.add(method);
        } catch (NoClassDefFoundError missing) {
            throw Fault.loading("Error loading method " + name + " on class " + type.getName(), missing, false);
        }
        methods.sort(Comparator.comparing(Method::isBridge).thenComparing(this::weight, Comparator.reverseOrder()));
        for (Method method : methods) {
            Type[] parameters = resolved(type, method);
            if (fits(parameters)) return ofFitting(type, method, parameters);
            System.err.println("Ignoring an overload of method " + name + ": its parameters " + Arrays.toString(parameters)
                + " are none of (), (T), (Context), (T, Context), (InputStream, OutputStream) or (InputStream, OutputStream, Context)");
        }
        throw Fault.of("No public method named " + name + " with appropriate method signature found on class " + type.getName());
    }

    private int weight(Method method) {
        int count = method.getParameterCount();
        return count > 0 && isContext(method.getParameterTypes()[count - 1]) ? count + 1 : count;
    }

    private boolean isContext(Type type) {
        return context != null && context.equals(type);
    }

    /** A parameter whose type is the interface's variable is what the class made of it. */
    private static Type[] resolved(Class<?> type, Method method) {
        Type[] parameters = method.getGenericParameterTypes();
        for (int index = 0; index < parameters.length; index += 1) {
            parameters[index] = GenericTypes.resolve(parameters[index], type, method.getDeclaringClass());
        }
        return parameters;
    }

    private boolean fits(Type[] parameters) {
        switch (parameters.length) {
            case 0:
            case 1:
                return true;
            case 2:
                if (isContext(parameters[0])) return false;
                if (parameters[0] == InputStream.class && parameters[1] == OutputStream.class) return true;
                return isContext(parameters[1]);
            case 3:
                return parameters[0] == InputStream.class && parameters[1] == OutputStream.class && isContext(parameters[2]);
            default:
                return false;
        }
    }

    private Handler ofFitting(Class<?> type, Method method, Type[] parameters) {
        Object instance = Modifier.isStatic(method.getModifiers()) ? null : instanceOf(type);
        Type returned = GenericTypes.resolve(method.getGenericReturnType(), type, method.getDeclaringClass());
        boolean streams = Arrays.asList(parameters).contains(InputStream.class) || Arrays.asList(parameters).contains(OutputStream.class);
        // A public method of a class that is not public.
        try {
            method.setAccessible(true);
        } catch (RuntimeException refused) {
            // Of a module that is closed: calling it says so.
        }
        return (event, facts) -> {
            ByteArrayOutputStream output = new ByteArrayOutputStream(1024);
            Object[] arguments = new Object[parameters.length];
            for (int index = 0; index < parameters.length; index += 1) {
                Type parameter = parameters[index];
                if (isContext(parameter)) arguments[index] = facts.context(context);
                else if (parameter == InputStream.class) arguments[index] = event.stream();
                else if (parameter == OutputStream.class) arguments[index] = output;
                else arguments[index] = parsed(event, parameter);
            }
            Object result = invoke(method, instance, arguments);
            return streams ? output.toByteArray() : written(result, returned);
        };
    }

    private static Object instanceOf(Class<?> type) {
        Constructor<?> constructor;
        try {
            constructor = type.getConstructor();
        } catch (NoSuchMethodException missing) {
            boolean inner = type.getEnclosingClass() != null && !Modifier.isStatic(type.getModifiers());
            String why = inner
                ? " cannot be instantiated because it is a non-static inner class"
                : " has no public zero-argument constructor";
            throw Fault.loading("Class " + type.getName() + why, new Exception("Class " + type.getName() + why, missing), false);
        }
        try {
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (InvocationTargetException thrown) {
            throw Fault.constructing(Fault.unwrapped(thrown));
        } catch (ReflectiveOperationException | RuntimeException refused) {
            throw Fault.loading(String.valueOf(refused.getMessage()), refused, false);
        }
    }

    private static Object invoke(Method method, Object instance, Object... arguments) {
        try {
            return method.invoke(instance, arguments);
        } catch (Throwable thrown) {
            throw Fault.<RuntimeException>rethrow(Fault.unwrapped(thrown));
        }
    }

    private static Object parsed(ByteRange event, Type type) {
        try {
            return FromJson.value(JsonReader.read(event.text()), type);
        } catch (Throwable thrown) {
            throw new RuntimeException("An error occurred during JSON parsing", Fault.unwrapped(thrown));
        }
    }

    private static byte[] written(Object value, Type type) {
        if (type == void.class || type == Void.class) return new byte[] {'n', 'u', 'l', 'l'};
        try {
            return JsonWriter.bytes(value);
        } catch (Throwable thrown) {
            throw new RuntimeException("An error occurred during JSON serialization of response", Fault.unwrapped(thrown));
        }
    }
}
