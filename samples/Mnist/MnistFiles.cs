using Focus;
using Microsoft.ML;

namespace Mnist;

/// <summary>The data set as the commands read it.</summary>
internal static class MnistFiles
{
    /// <summary>Loads a part of the data set.</summary>
    /// <exception cref="FileNotFoundException">A file is missing; the message names the option that downloads it.</exception>
    public static IDataView Load(MLContext mlContext, string folder, MnistSplit split)
    {
        try
        {
            return mlContext.Focus.Data.LoadMnist(folder, split);
        }
        catch (FileNotFoundException fault)
        {
            throw new FileNotFoundException(
                $"There is no {Path.GetFileName(fault.FileName)} in '{folder}', plain or as .gz; put it there, or train with --download.", fault);
        }
    }
}
