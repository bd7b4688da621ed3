"""A generator as an ONNX graph: any batch and size, padded and cropped inside, statistics as at test time, no noise."""

from __future__ import annotations

import copy
import io
import logging
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pix2pix.inference.exported.checksums import check_onnx, seal_onnx
from pix2pix.inference.exported.extras import ExchangeError, needed
from pix2pix.inference.exported.metadata import INPUT, KEY, OUTPUT, check_graph, from_text, to_text
from pix2pix.models.blocks import Generator
from pix2pix.models.test_time import Statistics

OPSET = 18


def onnx_model(generator: Generator, channels: int, statistics: Statistics) -> Any:
    """The graph `source` → `target`, float32 (B, C, H, W) to (B, C', H, W) in [-1, 1], of any B, H and W.

    Each picture of a batch is translated on its own, and sides are padded by reflection to the generator's multiple, as
    `models.test_time.translate` does. Dropout is off.

    Args:
        generator: left as it is.
        channels: C.
        statistics: see `models.test_time.translate`.

    Returns:
        onnx.ModelProto.
    """
    needed("onnx", "writing ONNX")
    needed("onnxscript", "writing ONNX")
    network = copy.deepcopy(generator).float().cpu().eval()
    if statistics == "picture":
        _take_statistics_of_each_picture(network)
    for module in network.modules():
        if isinstance(module, Generator):
            module.check_size = lambda source: None  # type: ignore[method-assign]  # sizes are no numbers yet
    multiple = generator.multiple
    # The tracer's symbols are counts of multiples, so that it can prove that the skips have the sizes that they meet.
    batch, rows, columns = (torch.export.Dim(name, min=2) for name in ("batch", "rows", "columns"))
    example = torch.zeros(2, channels, 2 * multiple, 3 * multiple)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            dynamic_shapes=({0: batch, 2: multiple * rows, 3: multiple * columns},),
            input_names=["padded"],
            output_names=["translated"],
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    return _padded_and_cropped(program.model_proto, multiple)


def _take_statistics_of_each_picture(network: nn.Module) -> None:
    """Batch norm over one picture is instance norm with a scale and a shift; so a batch can hold several."""
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.BatchNorm2d):
                own = nn.InstanceNorm2d(child.num_features, eps=child.eps, affine=True)
                own.load_state_dict({"weight": child.weight, "bias": child.bias})
                setattr(parent, name, own.eval())


def _padded_and_cropped(model: Any, multiple: int) -> Any:
    """Around a graph `padded` → `translated`: the padding of `test_time.pad_to_multiple`, and its undoing."""
    from onnx import TensorProto, checker, helper

    def constant(name: str, values: list[int]) -> Any:
        return helper.make_tensor(name, TensorProto.INT64, [len(values)], values)

    graph = model.graph
    ends = {end.name: end for end in (*graph.input, *graph.output)}
    shapes = {
        INPUT: ["batch", ends["padded"].type.tensor_type.shape.dim[1].dim_value, "height", "width"],
        OUTPUT: ["batch", ends["translated"].type.tensor_type.shape.dim[1].dim_value, "height", "width"],
    }
    before = [
        helper.make_node("Shape", [INPUT], ["size"], start=2, end=4),  # (2,): height and width
        helper.make_node("Neg", ["size"], ["negative_size"]),
        helper.make_node("Mod", ["negative_size", "multiple"], ["missing"]),
        helper.make_node("Div", ["missing", "two"], ["first"]),  # rows above, columns on the left
        helper.make_node("Sub", ["missing", "first"], ["last"]),
        helper.make_node("Concat", ["none", "first", "none", "last"], ["pads"], axis=0),
        helper.make_node("Pad", [INPUT, "pads"], ["padded"], mode="reflect"),
    ]
    after = [
        helper.make_node("Add", ["first", "size"], ["end"]),
        helper.make_node("Slice", ["translated", "first", "end", "axes"], [OUTPUT]),
    ]
    nodes = [*before, *graph.node, *after]
    del graph.node[:], graph.input[:], graph.output[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(
        [
            constant("multiple", [multiple] * 2),
            constant("two", [2] * 2),
            constant("none", [0, 0]),
            constant("axes", [2, 3]),
        ]
    )
    graph.input.append(helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, shapes[INPUT]))
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shapes[OUTPUT]))
    checker.check_model(model)
    return model


def write_onnx(model: Any, description: Mapping[str, Any], path: Path) -> None:
    """Write a graph with its description."""
    import onnx

    onnx.helper.set_model_props(model, {KEY: to_text(description)})
    onnx.save(model, path)
    seal_onnx(path)


def open_onnx(path: Path) -> tuple[Any, dict[str, Any]]:
    """A session of ONNX Runtime on the processor, and the file's description.

    Raises ExchangeError where the runtime is missing, or the file is none of ours.
    """
    runtime = needed("onnxruntime", f"{path}: an .onnx file")
    check_onnx(path)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3  # errors alone
    try:
        session = runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has a class for each of its errors, and none in common
        raise ExchangeError(f"{path} cannot be read as ONNX: {str(error).partition(chr(10))[0]}") from error
    description = from_text(session.get_modelmeta().custom_metadata_map.get(KEY), path)
    check_graph({end.name: end.shape for end in (*session.get_inputs(), *session.get_outputs())}, description, path)
    return session, description
