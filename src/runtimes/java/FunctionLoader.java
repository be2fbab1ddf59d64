/* Loads the function's classes: its folder, the jars in its lib/, and those of layers in java/lib/, each folder's jars by name. */
package lambkin.bootstrap;

import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

final class FunctionLoader extends URLClassLoader {
    static {
        registerAsParallelCapable();
    }

    private FunctionLoader(URL[] urls) {
        // Agents (JAVA_TOOL_OPTIONS) are in the system's class path, and what they change must find them.
        super(urls, ClassLoader.getSystemClassLoader());
    }

    static FunctionLoader of(String taskRoot, String optRoot) {
        List<URL> urls = new ArrayList<>();
        urls.add(urlOf(new File(taskRoot)));
        addJars(urls, new File(taskRoot, "lib"));
        addJars(urls, new File(optRoot == null ? "/opt" : optRoot, "java/lib"));
        return new FunctionLoader(urls.toArray(new URL[0]));
    }

    private static void addJars(List<URL> urls, File folder) {
        File[] jars = folder.listFiles((parent, name) -> name.endsWith(".jar"));
        if (jars == null) return; // no such folder
        Arrays.sort(jars);
        for (File jar : jars) urls.add(urlOf(jar));
    }

    private static URL urlOf(File file) {
        try {
            return file.toURI().toURL();
        } catch (MalformedURLException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
