/*
 * What an invoke tells its function: Context and what hangs on it, made for the interfaces that the function brought. A method that the
 * function's version of an interface has and this runtime does not know keeps its default, or answers null.
 */
package lambkin.bootstrap;

import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Objects;

final class InvokeFacts {
    private final Map<?, ?> header;
    private final Log log;

    InvokeFacts(Map<?, ?> header, Log log) {
        this.header = header;
        this.log = log;
    }

    /** An instance of the function's Context; null where it has no such interface. */
    Object context(Class<?> type) {
        if (type == null) return null;
        Object text = header.get("clientContext");
        Map<?, ?> client = text == null ? null : (Map<?, ?>) JsonReader.read((String) text);
        Map<String, String> environment = System.getenv();
        long deadlineMs = ((Number) header.get("deadlineMs")).longValue();
        return proxy(type, (proxy, method, arguments) -> {
            switch (method.getName()) {
                case "getAwsRequestId":
                    return header.get("requestId");
                case "getLogGroupName":
                    return environment.get("AWS_LAMBDA_LOG_GROUP_NAME");
                case "getLogStreamName":
                    return environment.get("AWS_LAMBDA_LOG_STREAM_NAME");
                case "getFunctionName":
                    return environment.get("AWS_LAMBDA_FUNCTION_NAME");
                case "getFunctionVersion":
                    return environment.get("AWS_LAMBDA_FUNCTION_VERSION");
                case "getInvokedFunctionArn":
                    return header.get("invokedArn");
                case "getRemainingTimeInMillis":
                    return (int) Math.max(0, Math.min(Integer.MAX_VALUE, deadlineMs - System.currentTimeMillis()));
                case "getMemoryLimitInMB":
                    return Integer.parseInt(environment.getOrDefault("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0"));
                case "getXrayTraceId":
                    return header.get("traceId");
                case "getLogger":
                    return logger(method.getReturnType(), log);
                case "getClientContext":
                    return client == null ? null : clientContext(method.getReturnType(), client);
                default:
                    // getIdentity and getTenantId: nobody gave one.
                    return otherwise("LambdaContext", proxy, method, arguments);
            }
        });
    }

    /** The logger that code gets which asks the library for one, not the context. */
    static void offerLogger(ClassLoader loader, Log log) {
        try {
            Class<?> runtime = Class.forName(HandlerFinder.CORE + "LambdaRuntime", true, loader);
            Field field = runtime.getDeclaredField("logger");
            field.setAccessible(true);
            field.set(null, logger(field.getType(), log));
        } catch (ReflectiveOperationException | LinkageError | RuntimeException absent) {
            // The function has no such library, or one whose logger is made otherwise: it writes to System.out.
        }
    }

    private static Object logger(Class<?> type, Log log) {
        return proxy(type, (proxy, method, arguments) -> {
            if (!method.getName().equals("log")) return otherwise("LambdaLogger", proxy, method, arguments);
            String level = arguments.length > 1 && arguments[1] != null ? arguments[1].toString() : null;
            if (arguments[0] instanceof byte[]) log.write((byte[]) arguments[0]);
            else log.write((String) arguments[0], level);
            return null;
        });
    }

    private static Object clientContext(Class<?> type, Map<?, ?> told) {
        return proxy(type, (proxy, method, arguments) -> {
            switch (method.getName()) {
                case "getCustom":
                    return FromJson.value(told.get("custom"), Map.class);
                case "getEnvironment":
                    return FromJson.value(told.get("env"), Map.class);
                case "getClient":
                    Object client = told.get("client");
                    return client == null ? null : client(method.getReturnType(), (Map<?, ?>) client);
                default:
                    return otherwise("ClientContext", proxy, method, arguments);
            }
        });
    }

    private static Object client(Class<?> type, Map<?, ?> told) {
        return proxy(type, (proxy, method, arguments) -> {
            switch (method.getName()) {
                case "getInstallationId":
                    return told.get("installation_id");
                case "getAppTitle":
                    return told.get("app_title");
                case "getAppVersionName":
                    return told.get("app_version_name");
                case "getAppVersionCode":
                    return told.get("app_version_code");
                case "getAppPackageName":
                    return told.get("app_package_name");
                default:
                    return otherwise("Client", proxy, method, arguments);
            }
        });
    }

    private static Object proxy(Class<?> type, InvocationHandler handler) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, handler);
    }

    private static Object otherwise(String name, Object proxy, Method method, Object[] arguments) {
        switch (method.getName()) {
            case "toString":
                return name + "@" + Integer.toHexString(System.identityHashCode(proxy));
            case "hashCode":
                return System.identityHashCode(proxy);
            case "equals":
                return Objects.equals(System.identityHashCode(proxy), System.identityHashCode(arguments[0]));
            default:
                return null;
        }
    }
}
