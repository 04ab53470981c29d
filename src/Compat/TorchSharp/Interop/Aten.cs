namespace TorchSharp.Interop;

/// <summary>Every ATen operator the binding calls.</summary>
internal static class Aten
{
    // Creation
    public static readonly Operator Empty = new("aten::empty", "memory_format");
    public static readonly Operator Zeros = new("aten::zeros");
    public static readonly Operator Ones = new("aten::ones");
    public static readonly Operator Full = new("aten::full");
    public static readonly Operator EmptyLike = new("aten::empty_like");
    public static readonly Operator ZerosLike = new("aten::zeros_like");
    public static readonly Operator OnesLike = new("aten::ones_like");
    public static readonly Operator Arange = new("aten::arange", "start_step");
    public static readonly Operator Rand = new("aten::rand", "generator");
    public static readonly Operator Randn = new("aten::randn", "generator");
    public static readonly Operator Randperm = new("aten::randperm", "generator");
    public static readonly Operator Randint = new("aten::randint", "low_generator");
    public static readonly Operator Cat = new("aten::cat");
    public static readonly Operator Stack = new("aten::stack");
    public static readonly Operator Where = new("aten::where", "self");

    // Copies and views
    public static readonly Operator Item = new("aten::item");
    public static readonly Operator Detach = new("aten::detach");
    public static readonly Operator Clone = new("aten::clone");
    public static readonly Operator Contiguous = new("aten::contiguous");
    public static readonly Operator ToType = new("aten::to", "dtype");
    public static readonly Operator ToDevice = new("aten::to", "device");
    public static readonly Operator View = new("aten::view");
    public static readonly Operator Reshape = new("aten::reshape");
    public static readonly Operator Unsqueeze = new("aten::unsqueeze");
    public static readonly Operator Squeeze = new("aten::squeeze");
    public static readonly Operator SqueezeDim = new("aten::squeeze", "dim");
    public static readonly Operator Transpose = new("aten::transpose", "int");
    public static readonly Operator T = new("aten::t");
    public static readonly Operator Permute = new("aten::permute");
    public static readonly Operator Expand = new("aten::expand");
    public static readonly Operator Narrow = new("aten::narrow");
    public static readonly Operator Slice = new("aten::slice", "Tensor");
    public static readonly Operator Select = new("aten::select", "int");
    public static readonly Operator IndexSelect = new("aten::index_select");
    public static readonly Operator Index = new("aten::index", "Tensor");
    public static readonly Operator Gather = new("aten::gather");
    public static readonly Operator Split = new("aten::split", "Tensor");
    public static readonly Operator Tril = new("aten::tril");
    public static readonly Operator MaskedFill = new("aten::masked_fill", "Scalar");

    // In place
    public static readonly Operator Copy_ = new("aten::copy_");
    public static readonly Operator Zero_ = new("aten::zero_");
    public static readonly Operator Fill_ = new("aten::fill_", "Scalar");
    public static readonly Operator Uniform_ = new("aten::uniform_");
    public static readonly Operator Normal_ = new("aten::normal_");

    // Arithmetic
    public static readonly Operator Add = new("aten::add", "Tensor");
    public static readonly Operator Add_ = new("aten::add_", "Tensor");
    public static readonly Operator AddScalar = new("aten::add", "Scalar");
    public static readonly Operator AddScalar_ = new("aten::add_", "Scalar");
    public static readonly Operator Sub = new("aten::sub", "Tensor");
    public static readonly Operator Sub_ = new("aten::sub_", "Tensor");
    public static readonly Operator SubScalar = new("aten::sub", "Scalar");
    public static readonly Operator SubScalar_ = new("aten::sub_", "Scalar");
    public static readonly Operator Rsub = new("aten::rsub", "Scalar");
    public static readonly Operator Mul = new("aten::mul", "Tensor");
    public static readonly Operator Mul_ = new("aten::mul_", "Tensor");
    public static readonly Operator MulScalar = new("aten::mul", "Scalar");
    public static readonly Operator MulScalar_ = new("aten::mul_", "Scalar");
    public static readonly Operator Div = new("aten::div", "Tensor_mode");
    public static readonly Operator Div_ = new("aten::div_", "Tensor_mode");
    public static readonly Operator DivScalar = new("aten::div", "Scalar_mode");
    public static readonly Operator DivScalar_ = new("aten::div_", "Scalar_mode");
    public static readonly Operator Addcmul_ = new("aten::addcmul_");
    public static readonly Operator Addcdiv_ = new("aten::addcdiv_");
    public static readonly Operator Lerp = new("aten::lerp", "Tensor");
    public static readonly Operator Lerp_ = new("aten::lerp_", "Tensor");
    public static readonly Operator PowScalar = new("aten::pow", "Tensor_Scalar");
    public static readonly Operator PowTensor = new("aten::pow", "Tensor_Tensor");
    public static readonly Operator Reciprocal = new("aten::reciprocal");
    public static readonly Operator Neg = new("aten::neg");
    public static readonly Operator Abs = new("aten::abs");
    public static readonly Operator Sign = new("aten::sign");
    public static readonly Operator Sign_ = new("aten::sign_");
    public static readonly Operator Sqrt = new("aten::sqrt");
    public static readonly Operator Rsqrt_ = new("aten::rsqrt_");
    public static readonly Operator Sqrt_ = new("aten::sqrt_");
    public static readonly Operator Square = new("aten::square");
    public static readonly Operator Exp = new("aten::exp");
    public static readonly Operator Log = new("aten::log");
    public static readonly Operator Tanh = new("aten::tanh");
    public static readonly Operator Clamp = new("aten::clamp");

    // Comparison
    public static readonly Operator Eq = new("aten::eq", "Tensor");
    public static readonly Operator EqScalar = new("aten::eq", "Scalar");
    public static readonly Operator Ne = new("aten::ne", "Tensor");
    public static readonly Operator NeScalar = new("aten::ne", "Scalar");
    public static readonly Operator Lt = new("aten::lt", "Tensor");
    public static readonly Operator LtScalar = new("aten::lt", "Scalar");
    public static readonly Operator Le = new("aten::le", "Tensor");
    public static readonly Operator LeScalar = new("aten::le", "Scalar");
    public static readonly Operator Gt = new("aten::gt", "Tensor");
    public static readonly Operator GtScalar = new("aten::gt", "Scalar");
    public static readonly Operator Ge = new("aten::ge", "Tensor");
    public static readonly Operator GeScalar = new("aten::ge", "Scalar");
    public static readonly Operator Isnan = new("aten::isnan");
    public static readonly Operator Isfinite = new("aten::isfinite");
    public static readonly Operator Allclose = new("aten::allclose");

    // Reduction
    public static readonly Operator Sum = new("aten::sum");
    public static readonly Operator SumDims = new("aten::sum", "dim_IntList");
    public static readonly Operator Mean = new("aten::mean");
    public static readonly Operator MeanDims = new("aten::mean", "dim");
    public static readonly Operator Var = new("aten::var");
    public static readonly Operator Std = new("aten::std");
    public static readonly Operator Max = new("aten::max");
    public static readonly Operator MaxDim = new("aten::max", "dim");
    public static readonly Operator Min = new("aten::min");
    public static readonly Operator Argmax = new("aten::argmax");
    public static readonly Operator Norm = new("aten::norm", "Scalar");
    public static readonly Operator Any = new("aten::any");
    public static readonly Operator All = new("aten::all");

    // Matrices and layers
    public static readonly Operator Mm = new("aten::mm");
    public static readonly Operator Addmm = new("aten::addmm");
    public static readonly Operator Addmm_ = new("aten::addmm_");
    public static readonly Operator Matmul = new("aten::matmul");
    public static readonly Operator Linear = new("aten::linear");
    public static readonly Operator Embedding = new("aten::embedding");
    public static readonly Operator BatchNorm = new("aten::batch_norm");
    public static readonly Operator LayerNorm = new("aten::layer_norm");
    public static readonly Operator Relu = new("aten::relu");
    public static readonly Operator Relu_ = new("aten::relu_");
    public static readonly Operator Gelu = new("aten::gelu");
    public static readonly Operator Softmax = new("aten::softmax", "int");
    public static readonly Operator LogSoftmax = new("aten::log_softmax", "int");
    public static readonly Operator Dropout = new("aten::dropout");
    public static readonly Operator Dropout_ = new("aten::dropout_");
    public static readonly Operator CrossEntropy = new("aten::cross_entropy_loss");
    public static readonly Operator MseLoss = new("aten::mse_loss");
}
