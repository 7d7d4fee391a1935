"""Builds the module out of the checkout that this folder is part of, with CMake and what scripts/setup.sh installs.

RATIONALE_BUILD: a build folder to build in, for instance build/release, where most is built already
(default: build/python)."""

import os
import pathlib
import shutil
import subprocess
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = "rationale_rewards_python"


def pybind11_folder():
    """Where pybind11's CMake files are: of the Python package if it is there, else CMake finds Debian's."""
    try:
        import pybind11

        return [f"-Dpybind11_DIR={pybind11.get_cmake_dir()}"]
    except ImportError:
        return []


class CMakeBuild(build_ext):
    def build_extension(self, extension):
        folder = ROOT / os.environ.get("RATIONALE_BUILD", "build/python")
        if not (ROOT / ".deps/site/pyarrow").is_dir():
            sys.exit(f"rationale-rewards: run {ROOT}/scripts/setup.sh --no-build first: it gets what the build needs")
        configure = [
            "cmake",
            "-S",
            ROOT,
            "-B",
            folder,
            "-DRATIONALE_PYTHON=ON",
            f"-DPython_EXECUTABLE={sys.executable}",
        ]
        if not (folder / "CMakeCache.txt").is_file():
            configure += [
                "-G",
                "Ninja",
                "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
                "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -g1",
            ]
            configure += ["-DRATIONALE_TORCH_FREE=ON", "-DBUILD_TESTING=OFF"]
        subprocess.run([*map(str, configure), *pybind11_folder()], check=True)
        subprocess.run(["cmake", "--build", str(folder), "--target", TARGET], check=True)
        built = next((folder / "rewards/python").glob("_core*.so"))
        place = pathlib.Path(self.get_ext_fullpath(extension.name))
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(built, place)


setup(ext_modules=[Extension("rationale_rewards._core", sources=[])], cmdclass={"build_ext": CMakeBuild})
