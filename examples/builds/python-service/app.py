import sys
import yaml

with open(sys.argv[1]) as file:
    print(", ".join(f"{name}={value}" for name, value in yaml.safe_load(file).items()))
