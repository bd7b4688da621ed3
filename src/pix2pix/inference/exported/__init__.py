"""Files of other programs that hold a generator: ONNX, OpenVINO, safetensors, written and opened."""
