namespace Microsoft.ML.Data;

/// <summary>The sums over rows from which the metrics follow.</summary>
internal sealed class MulticlassCounters
{
    private const float LeastProbability = 1e-15f;

    private readonly int _classes;
    private readonly double[] _rowsOfClass;
    private readonly double[] _lossOfClass;
    private readonly double[] _rowsOfRank;
    private double _rows;
    private double _loss;

    public MulticlassCounters(int classes)
    {
        _classes = classes;
        _rowsOfClass = new double[classes];
        _lossOfClass = new double[classes];
        _rowsOfRank = new double[classes + 1];
        Confusion = Enumerable.Range(0, classes).Select(_ => new double[classes]).ToArray();
    }

    /// <summary>Counts by true and by predicted class.</summary>
    public double[][] Confusion { get; }

    public double MicroAccuracy => _rows > 0 ? _rowsOfRank[0] / _rows : 0;

    public double MacroAccuracy => Enumerable.Range(0, _classes).Where(i => _rowsOfClass[i] > 0)
        .Select(i => Confusion[i][i] / _rowsOfClass[i]).DefaultIfEmpty(0).Average();

    public double LogLoss => _rows > 0 ? _loss / _rows : 0;

    public double LogLossReduction
    {
        get
        {
            var entropy = -_rowsOfClass.Where(rows => rows > 0).Sum(rows => rows * Math.Log(rows / _rows)) / _rows;
            return (entropy - LogLoss) / entropy;
        }
    }

    public double[] PerClassLogLoss => _lossOfClass.Select((loss, i) => _rowsOfClass[i] > 0 ? loss / _rowsOfClass[i] : 0).ToArray();

    public double[] TopKAccuracies(int k)
    {
        var sum = 0.0;
        return _rowsOfRank.Take(k).Select(rows => sum += rows / _rows).ToArray();
    }

    /// <summary>Adds a row with a true class and a score for each class.</summary>
    public void Add(int label, ReadOnlySpan<float> scores)
    {
        // A class beyond the scores was not known in training: it counts as a wrong prediction of the least probability.
        var known = label < _classes;
        var score = known ? scores[label] : 0;
        var loss = -Math.Log(known ? Math.Min(1, Math.Max(LeastProbability, score)) : LeastProbability);

        var rank = 0;
        var predicted = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            // Of equal scores the first wins.
            if (scores[i] > score || scores[i] == score && i < label) rank++;
            if (scores[i] > scores[predicted]) predicted = i;
        }

        _rows++;
        _loss += loss;
        _rowsOfRank[rank]++;
        if (!known) return;
        _rowsOfClass[label]++;
        _lossOfClass[label] += loss;
        Confusion[label][predicted]++;
    }
}
